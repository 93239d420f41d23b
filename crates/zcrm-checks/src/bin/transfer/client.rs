//! One transfer through zcrm's HTTP stack, and its peak memory.

use std::{convert::Infallible, fs::File, io::Read, path::Path, time::Duration};

use http::Request;
use zcrm_api::SaveFile;
use zcrm_checks::BoxError;
use zcrm_core::{ApiVersion, Operation, Record};
use zcrm_http::{CallSettings, Connector, ReqBody, Stack, open, send};

use crate::data::{Checksum, pieces};

const UPLOAD: Operation = Operation::post("/upload").id("transfer.upload");
const DOWNLOAD: Operation = Operation::get("/download/{bytes}").id("transfer.download");

/// Transfers this number of bytes, checks them, and prints the peak memory in KiB.
pub(crate) async fn run(way: &str, url: &str, folder: &str, bytes: u64) -> Result<(), BoxError> {
    let folder = Path::new(folder);
    let connector = Connector::builder().root_pem(std::fs::read(folder.join("ca.pem"))?).build()?;
    let transport = Stack::new(connector).build();
    let to = |request: Request<bytes::Bytes>, body: ReqBody| -> Result<_, BoxError> {
        let mut request = request.map(|_| body);
        *request.uri_mut() = format!("{url}{}", request.uri().path()).parse()?;
        request.extensions_mut().insert(CallSettings::new().deadline(Duration::from_secs(3_600)));
        Ok(request)
    };
    let download = || {
        let request = DOWNLOAD.request(ApiVersion::V8).path("bytes", bytes.to_string()).build()?;
        to(request, ReqBody::empty())
    };
    let mut sum = Checksum::default();
    match way {
        "upload" => {
            let body = ReqBody::replay(move || {
                futures_util::stream::iter(pieces(bytes).map(Ok::<_, Infallible>))
            });
            let request = UPLOAD.request(ApiVersion::V8).json_unchecked("{}").build()?;
            let reply = send(&transport, to(request, body.with_length(bytes))?).await?;
            let arrived: Record = reply.json()?;
            let number = |name: &str| arrived.get::<u64>(name)?.ok_or(format!("no {name}").into());
            let number = |name: &str| -> Result<u64, BoxError> { number(name) };
            sum = Checksum { bytes: number("bytes")?, sum: number("sum")? };
        }
        "download" => {
            let mut file = open(&transport, download()?).await?.file()?;
            while let Some(piece) = file.next().await {
                sum.add(&piece?);
            }
        }
        _ => {
            let path = folder.join("saved.bin");
            let saved = SaveFile::to(&path)
                .fetch(|headers| {
                    let request = download().map(|mut request| {
                        request.headers_mut().extend(headers);
                        request
                    });
                    let transport = transport.clone();
                    async move {
                        let request = request.map_err(zcrm_core::Error::from_boxed)?;
                        open(&transport, request).await?.file()
                    }
                })
                .await?;
            let mut file = File::open(&saved.path)?;
            let mut piece = vec![0; 64 * 1024];
            loop {
                let read = file.read(&mut piece)?;
                if read == 0 {
                    break;
                }
                sum.add(piece.get(..read).unwrap_or_default());
            }
            std::fs::remove_file(path)?;
        }
    }
    if sum != Checksum::of(bytes) {
        return Err(format!("{way}: {sum:?} arrived, and not {:?}", Checksum::of(bytes)).into());
    }
    println!("{}", peak()?);
    Ok(())
}

/// Returns the peak memory of this process in KiB.
fn peak() -> Result<u64, BoxError> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| "the system does not report the peak memory of a process".into())
}
