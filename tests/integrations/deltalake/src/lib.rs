//! Opens Delta tables at `qs://<bucket>/<path>`, with delta-rs.

use std::sync::Arc;

use deltalake_core::logstore::{
    LogStore, LogStoreFactory, ObjectStoreFactory, ObjectStoreRef, StorageConfig, default_logstore,
    logstore_factories, object_store_factories,
};
use deltalake_core::{DeltaResult, Path};
use qingstor_object_store::v0_13::QingStorBuilder;
use url::Url;

struct QingStorFactory;

impl ObjectStoreFactory for QingStorFactory {
    fn parse_url_opts(
        &self,
        url: &Url,
        config: &StorageConfig,
    ) -> DeltaResult<(ObjectStoreRef, Path)> {
        let bucket = url.host_str().unwrap_or_default();
        let store = QingStorBuilder::from_env()
            // delta-rs reads the versions of a table in the order of the list.
            .with_sorted_lists(true)
            .with_options(&config.raw)
            .with_bucket_name(bucket)
            .build()?;
        Ok((Arc::new(store), Path::from_url_path(url.path())?))
    }
}

impl LogStoreFactory for QingStorFactory {
    fn with_options(
        &self,
        prefixed_store: ObjectStoreRef,
        root_store: ObjectStoreRef,
        location: &Url,
        options: &StorageConfig,
    ) -> DeltaResult<Arc<dyn LogStore>> {
        Ok(default_logstore(
            prefixed_store,
            root_store,
            location,
            options,
        ))
    }
}

/// Registers the scheme `qs`, for the whole process.
///
/// # Errors
///
/// None in practice: the URL of the scheme is valid.
pub fn register() -> Result<(), url::ParseError> {
    let scheme = Url::parse("qs://")?;
    object_store_factories().insert(scheme.clone(), Arc::new(QingStorFactory));
    logstore_factories().insert(scheme, Arc::new(QingStorFactory));
    Ok(())
}
