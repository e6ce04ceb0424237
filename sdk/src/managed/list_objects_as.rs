//! [`ListObjects::objects_as`]: lists whose objects are decoded as a type of the caller.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::base::error::Result;
use crate::call::Call;
use crate::call::paginate::PagedOperation;
use crate::call::paginate::rule::NextPage;
use crate::client::Bucket;
use crate::generated::operations::{ListObjects, ListObjectsInput, ListObjectsOutput};
use crate::message::error_document::BodyFields;
use crate::message::operation::{FromResponse, Operation};
use crate::message::operation_info::OperationInfo;
use crate::message::request::RequestParts;
use crate::message::response::Response;
use crate::message::response_meta::ResponseMeta;

impl ListObjects {
    /// Decodes the objects of the list as your own type, instead of
    /// [`ObjectSummary`](crate::types::ObjectSummary).
    ///
    /// The client decodes only the fields that the type has, so that a long list takes less CPU time
    /// and memory. The fields have the same names as those of `ObjectSummary`. Their values are those
    /// of the JSON document: `modified` is a number of Unix seconds, and `created` is ISO 8601, which
    /// [`Timestamp`](crate::Timestamp) reads.
    ///
    /// # Errors
    ///
    /// The call fails with `Decode` if an object does not fit the type. The service may omit a field,
    /// so all fields except `key` should have `#[serde(default)]`.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize)]
    /// struct Object {
    ///     key: String,
    ///     #[serde(default)]
    ///     size: u64,
    /// }
    ///
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// let list = bucket.list_objects().prefix("logs/").limit(1000);
    /// let mut objects = list.objects_as::<Object>().items();
    /// while let Some(object) = objects.next().await.transpose()? {
    ///     println!("{} {} bytes", object.key, object.size);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn objects_as<T>(self) -> Call<ListObjectsAsInput<T>>
    where
        T: DeserializeOwned + Send + Unpin + 'static,
    {
        let input = ListObjectsAsInput {
            input: self.input,
            objects: PhantomData,
        };
        Call::new(self.dispatcher, input)
    }
}

/// Input of [`ListObjects::objects_as`](crate::Call::objects_as).
pub struct ListObjectsAsInput<T> {
    input: ListObjectsInput,
    objects: PhantomData<fn() -> T>,
}

impl<T> ListObjectsAsInput<T> {
    /// Returns the input of the list, for example to store the marker of the next page.
    #[must_use]
    pub fn list(&self) -> &ListObjectsInput {
        &self.input
    }
}

/// Output of [`ListObjects::objects_as`](crate::Call::objects_as).
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
#[non_exhaustive]
pub struct ListObjectsAsOutput<T> {
    /// Objects on this page.
    #[serde(default = "Vec::new")]
    pub keys: Vec<T>,
    /// The other fields of the page.
    #[serde(flatten)]
    rest: ListObjectsOutput,
    #[serde(skip)]
    meta: ResponseMeta,
}

impl<T> ListObjectsAsOutput<T> {
    /// Returns the common prefixes (folders), each ending with the delimiter. Empty without
    /// `delimiter`.
    #[must_use]
    pub fn common_prefixes(&self) -> &[String] {
        &self.rest.common_prefixes
    }
}

impl<T> Deref for ListObjectsAsOutput<T> {
    type Target = ResponseMeta;

    fn deref(&self) -> &ResponseMeta {
        &self.meta
    }
}

impl<T: DeserializeOwned + Send + 'static> Operation for ListObjectsAsInput<T> {
    type Handle = Bucket;
    type Output = ListObjectsAsOutput<T>;
    const INFO: &'static OperationInfo = ListObjectsInput::INFO;

    fn encode(self, request: &mut RequestParts) -> Result<()> {
        self.input.encode(request)
    }
}

impl<T: DeserializeOwned + Send + 'static> FromResponse for ListObjectsAsOutput<T> {
    fn decode(response: Response) -> Result<Self> {
        let mut page: Self = response.json_object()?;
        page.meta = response.meta;
        Ok(page)
    }

    fn body_fields() -> BodyFields {
        ListObjectsOutput::body_fields()
    }
}

impl<T: DeserializeOwned + Send + Unpin + 'static> PagedOperation for ListObjectsAsInput<T> {
    type Item = T;

    fn into_items(page: Self::Output) -> Vec<T> {
        page.keys
    }

    fn is_empty(page: &Self::Output) -> bool {
        page.keys.is_empty() && ListObjectsInput::is_empty(&page.rest)
    }

    fn foreign_key<'a>(&self, page: &'a Self::Output) -> Option<&'a str> {
        self.input.foreign_key(&page.rest)
    }

    fn advance(&mut self, page: &Self::Output) -> NextPage {
        self.input.advance(&page.rest)
    }

    fn is_same_page(&self, other: &Self) -> bool {
        self.input.is_same_page(&other.input)
    }
}

impl<T> Clone for ListObjectsAsInput<T> {
    fn clone(&self) -> Self {
        Self {
            input: self.input.clone(),
            objects: PhantomData,
        }
    }
}

impl<T> fmt::Debug for ListObjectsAsInput<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.input.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use http::{Request, Response};

    use super::*;
    use crate::base::error::ErrorKind;
    use crate::client::QingStor;
    use crate::config::Config;
    use crate::message::body::Body;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Object {
        key: String,
        #[serde(default)]
        size: u64,
    }

    fn bucket(respond: impl Fn(&str) -> String + Send + Sync + 'static) -> Bucket {
        let config = Config::new("ID", "SECRET").in_process(move |request: Request<Body>| {
            let response = Response::new(respond(request.uri().query().unwrap_or_default()));
            async move { response }
        });
        let client = QingStor::new(config).unwrap();
        client.bucket("my-bucket", "pek3a").unwrap()
    }

    fn object(key: &str, size: u64) -> Object {
        let key = key.to_owned();
        Object { key, size }
    }

    #[tokio::test]
    async fn all_pages_have_objects_of_the_type() {
        let bucket = bucket(|query| {
            let page = if query.contains("marker=2") {
                r#"{"keys":[],"common_prefixes":["p/c/"],"has_more":true,"next_marker":"3"}"#
            } else if query.contains("marker=3") {
                r#"{"keys":[{"key":"d","size":null}],"has_more":false}"#
            } else {
                r#"{"name":"my-bucket","owner":{"id":"u"},"next_marker":"2","keys":[
                    {"key":"a","size":1,"etag":7,"mime_type":[]},{"etag":"e","key":"b\u00e4"}],
                    "has_more":true,"common_prefixes":null}"#
            };
            page.to_owned()
        });
        let call = bucket.list_objects().prefix("p").objects_as::<Object>();
        assert!(format!("{:?}", call.input()).contains("ListObjectsInput"));
        let mut items = call.clone().items();
        let mut found = Vec::new();
        while let Some(item) = items.next().await {
            found.push(item.unwrap());
        }
        assert_eq!(found, [object("a", 1), object("bä", 0), object("d", 0)]);

        let mut pages = call.pages();
        let first = pages.next().await.unwrap().unwrap();
        assert!(first.common_prefixes().is_empty());
        assert_eq!((first.status().as_u16(), first.attempts()), (200, 1));
        let next = pages.next_call().unwrap();
        assert_eq!(next.input().list().marker.as_deref(), Some("2"));
        assert_eq!(next.input().list().prefix.as_deref(), Some("p"));
        assert_eq!(next.await.unwrap().common_prefixes(), ["p/c/"]);
    }

    #[tokio::test]
    async fn a_page_that_does_not_fit_is_a_decode_error() {
        for page in [
            r#"{"keys":[{"size":1}]}"#,
            r#"{"keys":[{"key":"a","size":"x"}]}"#,
            r#"{"keys":[{"key":"a"}],"keys":[]}"#,
            r#"{"keys":[],"has_more":"no"}"#,
            r#"{"keys":{}}"#,
            "[]",
        ] {
            let bucket = bucket(move |_| page.to_owned());
            let call = bucket.list_objects().objects_as::<Object>();
            let error = call.await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode, "{page}: {error}");
        }
    }

    #[tokio::test]
    async fn a_page_that_repeats_its_marker_ends_the_list() {
        let page = r#"{"keys":[{"key":"a"}],"has_more":true,"next_marker":"1"}"#;
        let bucket = bucket(move |_| page.to_owned());
        let mut pages = bucket.list_objects().objects_as::<Object>().pages();
        assert!(pages.next().await.unwrap().is_ok());
        let error = pages.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(pages.next().await.is_none());
    }
}
