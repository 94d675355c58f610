//! `payonce-merchant`: the reference merchant as a program. What it does is in the library.
#![forbid(unsafe_code)]

use lexopt::prelude::*;
use payonce_merchant::connect;
use payonce_merchant::files::Files;
use payonce_merchant::http::{app, system_clock};
use payonce_merchant::ledger::Ledger;
use payonce_merchant::serve::serve;
use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "\
usage: payonce-merchant --listen IP:PORT --database FILE --static DIR [--connect IP:PORT] [--faults]

  --listen IP:PORT  where to listen; port 0 takes a free one
  --database FILE   the ledger, created where it is missing
  --static DIR      the page to serve
  --connect IP:PORT the service that answers /connect/...
  --faults          let tests order failures and empty the ledger (loopback addresses only)
";

struct Options {
    listen: SocketAddr,
    database: PathBuf,
    files: PathBuf,
    connect: Option<SocketAddr>,
    faults: bool,
}

impl Options {
    fn parse(mut arguments: lexopt::Parser) -> Result<Self, lexopt::Error> {
        let (mut listen, mut database, mut files, mut connect, mut faults) = (None, None, None, None, false);
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("listen") => listen = Some(arguments.value()?.parse::<SocketAddr>()?),
                Long("database") => database = Some(arguments.value()?.into()),
                Long("static") => files = Some(arguments.value()?.into()),
                Long("connect") => connect = Some(arguments.value()?.parse::<SocketAddr>()?),
                Long("faults") => faults = true,
                other => return Err(other.unexpected()),
            }
        }
        let options = Self {
            listen: listen.ok_or("--listen is missing")?,
            database: database.ok_or("--database is missing")?,
            files: files.ok_or("--static is missing")?,
            connect,
            faults,
        };
        // Whoever can reach the port could empty the ledger.
        if options.faults && !options.listen.ip().is_loopback() {
            return Err("--faults needs a loopback address".into());
        }
        Ok(options)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = match Options::parse(lexopt::Parser::from_env()) {
        Ok(options) => options,
        Err(error) => {
            // With stderr gone there is nobody left to tell.
            let _ = write!(io::stderr(), "payonce-merchant: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "payonce-merchant: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let database = options.database.display();
    let ledger = Ledger::open(&options.database).map_err(|error| format!("{database}: {error}"))?;
    let directory = options.files.display();
    let files = Files::new(&options.files).map_err(|error| format!("{directory}: {error}"))?;
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let listener = TcpListener::bind(options.listen).await?;
    let mut stdout = io::stdout();
    writeln!(stdout, "listening on http://{}", listener.local_addr()?)?;
    stdout.flush()?;
    let stop = async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
        }
    };
    let mut router = app(ledger, files, system_clock(), options.faults);
    if let Some(service) = options.connect {
        router = router.merge(connect::routes(service));
    }
    serve(listener, router, stop).await;
    Ok(())
}
