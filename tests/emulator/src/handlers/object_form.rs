//! Uploading with an HTML form.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt as _;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, StatusCode};
use multer::{Field, Multipart};

use super::Call;
use super::new_object::{attributes_of, describe_new};
use crate::auth::Caller;
use crate::auth::authorization::{self, RequestedAction, Requester, RequiredAccess};
use crate::background::notifications::EventObject;
use crate::base::api_error::ApiError;
use crate::base::encryption::{CustomerKey, KeyOf};
use crate::base::limits;
use crate::base::resource_names;
use crate::base::response::{self, ApiResponse};
use crate::generated::error_codes::ErrorCode;
use crate::request::form::Form;
use crate::request::request_body::RequestBody;
use crate::settings::acl::Permission;
use crate::settings::notification::Event;
use crate::settings::policy::Action;
use crate::store::{NewObject, NewSegment, ObjectAddress, Store, StoreError};

/// Field with the content. Later fields are ignored.
const FILE: &str = "file";

/// Largest number of bytes before the file of a form. The form parser buffers incomplete data, such
/// as headers without an end.
const MAX_BEFORE_FILE: usize = 16 << 20;

/// `POST /<bucket>`: a form upload of a browser.
pub(super) async fn post(call: &mut Call<'_>) -> Result<ApiResponse, ApiError> {
    // The body is taken out, because the call is borrowed while the body is read.
    let mut body = call.body.take();
    let result = receive(call, &mut body).await;
    // The rest of the body is drained like that of every other request.
    *call.body = body;
    result
}

async fn receive(call: &Call<'_>, body: &mut RequestBody) -> Result<ApiResponse, ApiError> {
    let bucket = call.find_bucket(call.bucket_name()?)?;
    limits::check_object_length(
        body.announced_length()
            .saturating_sub(MAX_BEFORE_FILE as u64),
    )?;
    let has_file = AtomicBool::new(false);
    let mut before_file = 0;
    let pieces = body.pieces().map(|piece| {
        let piece = piece?;
        if !has_file.load(Ordering::Relaxed) {
            before_file += piece.len();
            check_before_file(before_file)?;
        }
        Ok::<_, ApiError>(piece)
    });
    let mut parts = Multipart::new(pieces, boundary(call)?);
    let (form, file) = read_fields(&mut parts).await?;
    has_file.store(true, Ordering::Relaxed);
    let caller = authenticate(call, &form)?;
    let content_disposition = file.headers().get(CONTENT_DISPOSITION);
    let file_name = form.file_name(content_disposition.map_or(b"", HeaderValue::as_bytes))?;
    let address = ObjectAddress {
        bucket: bucket.name.clone(),
        key: resource_names::object_key(form.key(&file_name)?.into_bytes())?,
    };
    let visitor = Requester {
        caller: &caller,
        ..call.requester()
    };
    let wanted = RequestedAction {
        action: Action::CreateObject,
        key: &address.key,
    };
    let write = RequiredAccess::Permission(Permission::Write);
    authorization::authorize(&visitor, &bucket, write, Some(wanted))?;
    let headers = form.headers(file.content_type().map(AsRef::as_ref))?;
    let attributes = attributes_of(&headers, &caller)?;
    let key = CustomerKey::from_headers(&headers, KeyOf::Object)?;
    let redirect = form.redirect(call.request_id)?;
    let new = NewObject {
        content: store_file(call.store, file, key.as_ref()).await?,
        attributes,
        encryption: key.as_ref().map(CustomerKey::encryption),
    };
    call.check_is_same(&bucket)?;
    let object = call.store.put_object(address, new).await?;
    call.notify_for(
        &caller,
        &bucket,
        Event::CreateObject,
        EventObject::of(&object),
    );
    let mut response = response::empty(match redirect {
        Some(_) => StatusCode::FOUND,
        None => call.success(),
    });
    describe_new(response.headers_mut(), &bucket, &object)?;
    if let Some(redirect) = redirect {
        response.headers_mut().insert(LOCATION, redirect);
    }
    Ok(response)
}

fn check_before_file(length: usize) -> Result<(), ApiError> {
    if length > MAX_BEFORE_FILE {
        return Err(ApiError::new(
            ErrorCode::EntityTooLarge,
            format!("the form has more than {MAX_BEFORE_FILE} bytes before its file"),
        ));
    }
    Ok(())
}

fn boundary(call: &Call<'_>) -> Result<String, ApiError> {
    call.head
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| multer::parse_boundary(value).ok())
        .ok_or_else(|| {
            ApiError::new(
                ErrorCode::InvalidRequest,
                "a form upload needs the Content-Type multipart/form-data with a boundary",
            )
        })
}

/// Reads the fields before the file.
async fn read_fields<'r>(parts: &mut Multipart<'r>) -> Result<(Form, Field<'r>), ApiError> {
    let mut form = Form::default();
    while let Some(mut field) = parts.next_field().await.map_err(unreadable)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name.eq_ignore_ascii_case(FILE) {
            return Ok((form, field));
        }
        let mut value = Vec::new();
        while let Some(piece) = field.chunk().await.map_err(unreadable)? {
            // The form refuses longer values, so they are not buffered.
            if value.len() <= form.remaining_length() {
                value.extend_from_slice(&piece);
            }
        }
        form.add(&name, &value)?;
    }
    Err(ApiError::new(
        ErrorCode::InvalidArgument,
        "a form upload needs the field file",
    ))
}

/// Returns the user whose credentials are in the form, or the caller of the request.
fn authenticate(call: &Call<'_>, form: &Form) -> Result<Caller, ApiError> {
    let Some(credentials) = form.credentials()? else {
        return Ok(call.caller.clone());
    };
    let caller = call.accounts.authenticate_form(&credentials)?;
    form.check_policy(credentials.policy)?;
    Ok(caller)
}

async fn store_file(
    store: &Store,
    mut file: Field<'_>,
    key: Option<&CustomerKey>,
) -> Result<NewSegment, ApiError> {
    let mut writer = store.writer(key)?;
    while let Some(piece) = file.chunk().await.map_err(unreadable)? {
        limits::check_object_length(writer.size() + piece.len() as u64)?;
        writer.write(piece).await.map_err(StoreError::from)?;
    }
    Ok(writer.finish().await.map_err(StoreError::from)?)
}

/// Converts an error of the form parser, which may be an error of the request body.
fn unreadable(error: multer::Error) -> ApiError {
    match error {
        multer::Error::StreamReadFailed(cause) => match cause.downcast::<ApiError>() {
            Ok(error) => *error,
            Err(cause) => ApiError::new(ErrorCode::IncompleteBody, cause.to_string()),
        },
        multer::Error::IncompleteFieldData { .. }
        | multer::Error::IncompleteHeaders
        | multer::Error::IncompleteStream => ApiError::new(
            ErrorCode::IncompleteBody,
            "the form ends before its last boundary",
        ),
        other => ApiError::new(
            ErrorCode::InvalidRequest,
            format!("cannot parse the form: {other}"),
        ),
    }
}
