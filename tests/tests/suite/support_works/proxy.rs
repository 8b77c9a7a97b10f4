use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use url::Url;

use crate::support::proxy::Proxy;

/// Sends back every byte it gets, and tells the test of it first.
async fn echo() -> (SocketAddr, mpsc::UnboundedReceiver<u8>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (heard, hears) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let heard = heard.clone();
            tokio::spawn(async move {
                while let Ok(byte) = stream.read_u8().await {
                    let _ = heard.send(byte);
                    stream.write_u8(byte).await.unwrap();
                }
            });
        }
    });
    (address, hears)
}

async fn connect(proxy: &Proxy) -> TcpStream {
    let url = Url::parse(&proxy.url("/")).unwrap();
    TcpStream::connect(url.socket_addrs(|| None).unwrap()[0]).await.unwrap()
}

async fn said_back(stream: &mut TcpStream, byte: u8) -> io::Result<u8> {
    stream.write_u8(byte).await?;
    stream.read_u8().await
}

#[track_caller]
fn assert_closed(answer: io::Result<u8>) {
    let kind = answer.unwrap_err().kind();
    let closed = [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
    assert!(closed.contains(&kind), "{kind:?}");
}

#[tokio::test]
async fn what_is_forwarded_arrives_both_ways() {
    let (server, _) = echo().await;
    let proxy = Proxy::start(server).await;
    let mut stream = connect(&proxy).await;
    assert_eq!(said_back(&mut stream, 1).await.unwrap(), 1);
}

#[tokio::test]
async fn what_is_swallowed_never_arrives_and_its_connection_ends_afterwards() {
    let (server, mut hears) = echo().await;
    let proxy = Proxy::start(server).await;
    let mut old = connect(&proxy).await;
    assert_eq!(said_back(&mut old, 1).await.unwrap(), 1);
    proxy.swallow();
    let mut new = connect(&proxy).await;
    for stream in [&mut old, &mut new] {
        stream.write_u8(2).await.unwrap();
    }
    proxy.has_swallowed(2).await;
    proxy.forward();
    for stream in [&mut old, &mut new] {
        assert_closed(stream.read_u8().await);
    }
    assert_eq!(said_back(&mut connect(&proxy).await, 3).await.unwrap(), 3);
    assert_eq!([hears.recv().await, hears.recv().await], [Some(1), Some(3)]);
}

#[tokio::test]
async fn a_quiet_connection_survives_what_would_swallow_it() {
    let (server, _) = echo().await;
    let proxy = Proxy::start(server).await;
    let mut stream = connect(&proxy).await;
    assert_eq!(said_back(&mut stream, 1).await.unwrap(), 1);
    proxy.swallow();
    proxy.forward();
    assert_eq!(said_back(&mut stream, 2).await.unwrap(), 2);
}

#[tokio::test]
async fn a_cut_closes_what_is_open_and_refuses_what_comes() {
    let (server, _) = echo().await;
    let proxy = Proxy::start(server).await;
    let mut stream = connect(&proxy).await;
    assert_eq!(said_back(&mut stream, 1).await.unwrap(), 1);
    proxy.cut();
    assert_closed(stream.read_u8().await);
    assert_closed(said_back(&mut connect(&proxy).await, 2).await);
    proxy.forward();
    assert_eq!(said_back(&mut connect(&proxy).await, 3).await.unwrap(), 3);
}

#[tokio::test]
async fn connections_to_come_are_led_to_another_server() {
    let ((first, _), (second, mut hears)) = (echo().await, echo().await);
    let proxy = Proxy::start(first).await;
    let mut old = connect(&proxy).await;
    assert_eq!(said_back(&mut old, 1).await.unwrap(), 1);
    proxy.lead_to(second);
    assert_eq!(said_back(&mut connect(&proxy).await, 2).await.unwrap(), 2);
    assert_eq!(said_back(&mut old, 3).await.unwrap(), 3);
    drop(proxy);
    assert_eq!(hears.recv().await, Some(2));
    assert!(hears.is_empty(), "the old connection stayed where it was");
}
