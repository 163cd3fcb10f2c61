//! A TCP connection that never waits on purpose.
//!
//! Servers that write an answer in two parts (a TLS session ticket and an SMTP reply, two LDAP messages) hold the second
//! back until the first is acknowledged (RFC 896), and the kernel delays acknowledgements by 40 ms (RFC 1122, 4.2.3.2).
//! Together that costs more than a round trip, again and again; so we acknowledge at once.
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The connection.
pub(crate) struct Prompt(TcpStream);

/// Connects to `address`.
///
/// # Errors
/// The operating system's.
pub(crate) async fn connect(address: SocketAddr) -> io::Result<Prompt> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(Prompt(stream))
}

impl Prompt {
    /// The address that this end has.
    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl AsyncRead for Prompt {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // The kernel forgets it as it goes along, so it is said before each wait. Without it all still works, later.
        #[cfg(target_os = "linux")]
        let _ = self.0.set_quickack(true);
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Prompt {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
