//! The socket of one connection, with its timeouts.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::OwnedSemaphorePermit,
    time::{Sleep, sleep_until},
};

use super::{activity::Activity, allowance::Allowance};

/// The socket of one connection. A read fails if a header is not complete in time, and a write if the client
/// does not read.
///
/// hyper has a timeout for headers too, but its time begins at the end of the previous request, so it would include the
/// idle time. The server uses hyper's timeout for idle connections.
pub(super) struct TimedIo {
    stream: TcpStream,
    activity: Arc<Activity>,
    header_timer: Option<Pin<Box<Sleep>>>,
    writing: Allowance,
    /// The permit of the connection. A WebSocket holds the permit until the socket is closed.
    _permit: OwnedSemaphorePermit,
}

impl TimedIo {
    pub(super) fn new(
        stream: TcpStream,
        permit: OwnedSemaphorePermit,
        activity: Arc<Activity>,
        write_timeout: Duration,
    ) -> Self {
        let writing = Allowance::new(write_timeout);
        Self { stream, activity, header_timer: None, writing, _permit: permit }
    }

    /// Fails when the time for the header is over.
    fn poll_late_header(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let Some(deadline) = self.activity.header_deadline() else {
            self.header_timer = None;
            return Poll::Pending;
        };
        let timer = self.header_timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        timer.as_mut().poll(cx).map(|()| io::ErrorKind::TimedOut.into())
    }

    /// Fails when the client has not read for too long.
    fn poll_written(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(written) => {
                self.writing.transferred(*written.as_ref().unwrap_or(&0));
                Poll::Ready(written)
            }
            // A WebSocket has a timeout of its own, which sends the client a reason.
            Poll::Pending if self.activity.is_upgraded() => Poll::Pending,
            Poll::Pending => {
                self.writing.poll_used_up(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl AsyncRead for TimedIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buffer) {
            Poll::Ready(read) => {
                if buffer.filled().len() > before {
                    self.activity.receive();
                }
                Poll::Ready(read)
            }
            Poll::Pending => Poll::Ready(Err(ready!(self.poll_late_header(cx)))),
        }
    }
}

impl AsyncWrite for TimedIo {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.poll_written(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.poll_written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
