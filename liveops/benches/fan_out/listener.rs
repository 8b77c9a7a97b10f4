use std::net::Ipv4Addr;

use axum::{Router, serve::ListenerExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::{Outcome, beat::Conductor};

/// How many connections may wait to be accepted. With fewer, the system drops some of those that
/// come at once, whose clients try again after a second.
const BACKLOG: u32 = 1_024;

/// Serves until the parent process has ended. Sends `ready` and the port to the parent process.
pub(crate) async fn serve(router: Router, conductor: Conductor, ready: &str) -> Outcome<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    let listener = socket.listen(BACKLOG)?;
    println!("{} {ready}", listener.local_addr()?.port());
    let serving = axum::serve(listener.tap_io(send_at_once), router).into_future();
    tokio::select! {
        served = serving => Ok(served?),
        () = conductor.left() => Ok(()),
    }
}

/// Frames are small and shall not wait for one another. A socket that does not take the option is
/// as good as closed.
fn send_at_once(stream: &mut TcpStream) {
    let _ = stream.set_nodelay(true);
}
