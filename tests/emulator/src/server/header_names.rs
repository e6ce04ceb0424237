//! Spelling of header names in responses.
//!
//! HTTP does not distinguish upper and lower case in header names, but some clients put headers
//! into a plain dictionary and look them up as the API documents print them, such as
//! `Content-Length` and `ETag`. The names that begin with `x-qs-` are printed in lower case.
//!
//! hyper sends header names in lower case, except those that the extensions of a response contain
//! as they were spelled in a request. So it reads one request that contains all of them.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Extensions, Request, Response};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt as _;

use crate::base::locks;

/// A request whose header names are spelled as in responses. A name applies to as many headers of a
/// response as it occurs here.
const SPELLING: &str = "POST / HTTP/1.1\r
Accept-Ranges: a\r
Access-Control-Allow-Headers: a\r
Access-Control-Allow-Methods: a\r
Access-Control-Allow-Origin: a\r
Access-Control-Expose-Headers: a\r
Access-Control-Max-Age: a\r
Cache-Control: a\r
Connection: close\r
Content-Disposition: a\r
Content-Encoding: a\r
Content-Language: a\r
Content-Length: 0\r
Content-MD5: a\r
Content-Range: a\r
Content-Type: a\r
Date: a\r
ETag: a\r
Expires: a\r
Last-Modified: a\r
Location: a\r
Retry-After: a\r
Server: a\r
Transfer-Encoding: chunked\r
Vary: a\r
Vary: a\r
\r
0\r
\r
";

/// Returns what must be added to the extensions of each response.
pub(crate) async fn spelling() -> io::Result<Extensions> {
    let (mut client, server) = tokio::io::duplex(SPELLING.len());
    client.write_all(SPELLING.as_bytes()).await?;
    let extensions = Arc::new(Mutex::new(Extensions::new()));
    let read = service_fn(|request: Request<Incoming>| {
        let found = request.into_parts().0.extensions;
        *locks::lock(&extensions) = found;
        std::future::ready(Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())))
    });
    http1::Builder::new()
        .preserve_header_case(true)
        .serve_connection(TokioIo::new(server), read)
        .await
        .map_err(io::Error::other)?;
    let mut found = locks::lock(&extensions);
    // This extension belongs to the connection of the request.
    found.remove::<OnUpgrade>();
    Ok(std::mem::take(&mut found))
}
