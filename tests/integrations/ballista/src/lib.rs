//! What each node of a Ballista cluster needs to read and write `qs://` URLs.

use std::sync::Arc;

use ballista_core::utils::default_session_builder;
use datafusion::common::DataFusionError;
use datafusion::error::Result;
use datafusion::execution::object_store::{DefaultObjectStoreRegistry, ObjectStoreRegistry};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::prelude::SessionConfig;
use qingstor_object_store::qingstor_sdk::Config;
use qingstor_object_store::v0_13::QingStorBuilder;
use qingstor_object_store::v0_13::object_store::ObjectStore;
use url::Url;

/// Opens `qs://<bucket>` when it is used first. Other URLs are those of DataFusion.
#[derive(Debug)]
pub struct QingStorRegistry {
    config: Config,
    stores: DefaultObjectStoreRegistry,
}

impl QingStorRegistry {
    /// Creates a registry. `config` is the client's: credentials, and the endpoint if it is another one.
    pub fn new(config: Config) -> Self {
        let stores = DefaultObjectStoreRegistry::new();
        Self { config, stores }
    }
}

impl ObjectStoreRegistry for QingStorRegistry {
    fn register_store(
        &self,
        url: &Url,
        store: Arc<dyn ObjectStore>,
    ) -> Option<Arc<dyn ObjectStore>> {
        self.stores.register_store(url, store)
    }

    fn get_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        let found = self.stores.get_store(url);
        if found.is_ok() || url.scheme() != "qs" {
            return found;
        }
        let store = QingStorBuilder::new()
            .with_client_config(self.config.clone())
            .with_bucket_name(url.host_str().unwrap_or_default())
            .build()?;
        let store: Arc<dyn ObjectStore> = Arc::new(store);
        self.stores.register_store(url, Arc::clone(&store));
        Ok(store)
    }
}

/// Returns the runtime of an executor.
///
/// # Errors
///
/// Returns an error if DataFusion cannot create its runtime.
pub fn runtime(config: &Config) -> Result<Arc<RuntimeEnv>> {
    let registry = QingStorRegistry::new(config.clone());
    let builder = RuntimeEnvBuilder::new().with_object_store_registry(Arc::new(registry));
    builder.build_arc()
}

/// Returns the session of a scheduler or a client.
///
/// # Errors
///
/// Returns an error if DataFusion cannot create its runtime.
pub fn session_state(
    config: &Config,
    session: SessionConfig,
) -> Result<SessionState, DataFusionError> {
    let state = default_session_builder(session)?;
    let builder = SessionStateBuilder::new_from_existing(state);
    Ok(builder.with_runtime_env(runtime(config)?).build())
}
