//! A node of a Ballista cluster that reads and writes `qs://` URLs.
//!
//! ```text
//! node scheduler                         prints the line "scheduler on 127.0.0.1:<port>"
//! node executor <port> <working folder>  prints one line per request to QingStor
//! ```
//!
//! The settings of the client are those of the SDK: `QINGSTOR_ACCESS_KEY_ID`,
//! `QINGSTOR_SECRET_ACCESS_KEY` and `QINGSTOR_ENDPOINT`, or the configuration file. All nodes of this
//! program listen on the loopback interface.

use std::env;
use std::error::Error;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;

use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_on_qingstor::{runtime, session_state};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::{create_scheduler, start_grpc_service_with_listener};
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};
use qingstor_object_store::qingstor_sdk::{Config, Observer, ResponseEvent};

type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

const LOOPBACK: &str = "127.0.0.1";

#[tokio::main]
async fn main() -> Result {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["scheduler"] => scheduler(Config::load()?).await,
        ["executor", port, folder] => executor(Config::load()?, port.parse()?, folder).await,
        _ => Err("usage: node scheduler | node executor <port> <working folder>".into()),
    }
}

async fn scheduler(config: Config) -> Result {
    let listener = tokio::net::TcpListener::bind((LOOPBACK, 0)).await?;
    let port = listener.local_addr()?.port();
    let scheduler = SchedulerConfig {
        external_host: LOOPBACK.into(),
        bind_port: port,
        // A test does not wait for minutes before it gives up a lost executor.
        executor_timeout_seconds: 5,
        expire_dead_executor_interval_seconds: 1,
        override_session_builder: Some(Arc::new(move |session| session_state(&config, session))),
        ..SchedulerConfig::default()
    };
    let cluster = BallistaCluster::new_from_config(&scheduler).await?;
    let scheduler =
        create_scheduler::<LogicalPlanNode, PhysicalPlanNode>(cluster, Arc::new(scheduler)).await?;
    println!("scheduler on {LOOPBACK}:{port}");
    Ok(start_grpc_service_with_listener(listener, scheduler).await?)
}

async fn executor(config: Config, scheduler_port: u16, folder: &str) -> Result {
    let config = config.observer(PrintRequests);
    let executor = ExecutorProcessConfig {
        external_host: Some(LOOPBACK.into()),
        port: free_port()?,
        grpc_port: free_port()?,
        scheduler_host: LOOPBACK.into(),
        scheduler_port,
        scheduler_connect_timeout_seconds: 30,
        work_dir: Some(folder.into()),
        vcores: 2,
        executor_heartbeat_interval_seconds: 1,
        override_runtime_producer: Some(Arc::new(move |_| runtime(&config))),
        ..ExecutorProcessConfig::default()
    };
    Ok(start_executor_process(Arc::new(executor)).await?)
}

/// Returns a port that no process listens on.
fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

/// Prints a line for each response of QingStor.
struct PrintRequests;

impl Observer for PrintRequests {
    fn response(&self, event: &ResponseEvent<'_>) {
        let status = event.status.map_or(0, |status| status.as_u16());
        println!("{} {status}", event.operation);
    }
}
