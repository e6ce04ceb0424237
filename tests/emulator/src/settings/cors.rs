//! CORS rules: which web sites can use a bucket from a browser.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::{Deserialize, Serialize};

use super::{Setting, SettingContext, Settings, check_count, invalid, json};
use crate::base::api_error::ApiError;
use crate::base::response::set_header;
use crate::base::wildcard;

const METHODS: [&str; 5] = ["GET", "PUT", "POST", "DELETE", "HEAD"];
/// Maximum age of a preflight response if the rule does not specify one.
const DEFAULT_MAX_AGE_SECONDS: u32 = 5;

/// CORS rules of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cors {
    #[serde(deserialize_with = "json::objects")]
    pub(crate) cors_rules: Vec<Rule>,
    /// If `enabled`, or `enable` as in examples of the API documents, every response contains
    /// `Vary: Origin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) resp_vary: Option<String>,
}

/// A CORS rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rule {
    pub(crate) allowed_origin: String,
    pub(crate) allowed_methods: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) allowed_headers: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_age_seconds: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expose_headers: Option<Vec<String>>,
}

impl Setting for Cors {
    type Body = Self;

    fn accept(body: Self, _: &SettingContext<'_>) -> Result<Self, ApiError> {
        body.check()?;
        Ok(body)
    }

    fn empty_document() -> serde_json::Value {
        serde_json::json!({"cors_rules": []})
    }

    fn field(settings: &mut Settings) -> &mut Option<Self> {
        &mut settings.cors
    }
}

impl Cors {
    fn check(&self) -> Result<(), ApiError> {
        check_count("CORS rules", self.cors_rules.len())?;
        self.cors_rules.iter().try_for_each(Rule::check)
    }

    /// Returns the first rule that allows `method` from `origin` with `request_headers`.
    fn matching_rule<'h>(
        &self,
        origin: &str,
        method: &str,
        request_headers: impl Iterator<Item = &'h str> + Clone,
    ) -> Option<&Rule> {
        self.cors_rules.iter().find(|rule| {
            wildcard::matches(&rule.allowed_origin, origin)
                && rule.allows_method(method)
                && request_headers.clone().all(|name| rule.allows_header(name))
        })
    }

    /// Returns the CORS headers of a preflight response. Without a matching rule, the response does
    /// not allow anything.
    pub(crate) fn preflight_headers(&self, request: &HeaderMap) -> Result<HeaderMap, ApiError> {
        let mut response = HeaderMap::new();
        self.write_vary(&mut response);
        let requested = text(request, &ACCESS_CONTROL_REQUEST_HEADERS).unwrap_or_default();
        let names = requested
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        let (Some(origin), Some(method)) = (
            request.get(ORIGIN),
            text(request, &ACCESS_CONTROL_REQUEST_METHOD),
        ) else {
            return Ok(response);
        };
        let Some(rule) = origin
            .to_str()
            .ok()
            .and_then(|origin| self.matching_rule(origin, method, names.clone()))
        else {
            return Ok(response);
        };
        rule.write_origin(origin, &mut response)?;
        set_header(&mut response, ACCESS_CONTROL_ALLOW_METHODS, rule.methods())?;
        let names = names.collect::<Vec<_>>();
        if !names.is_empty() {
            set_header(
                &mut response,
                ACCESS_CONTROL_ALLOW_HEADERS,
                names.join(", "),
            )?;
        }
        let max_age = rule.max_age_seconds.unwrap_or(DEFAULT_MAX_AGE_SECONDS);
        response.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from(max_age));
        Ok(response)
    }

    fn write_vary(&self, response: &mut HeaderMap) {
        let is_on = self.resp_vary.as_ref().is_some_and(|value| {
            value.eq_ignore_ascii_case("enabled") || value.eq_ignore_ascii_case("enable")
        });
        if is_on {
            vary(response);
        }
    }
}

impl Rule {
    fn check(&self) -> Result<(), ApiError> {
        if self.allowed_origin.is_empty() {
            return Err(invalid("allowed_origin must not be empty"));
        }
        if self.allowed_methods.is_empty() {
            return Err(invalid("allowed_methods must not be empty"));
        }
        for method in &self.allowed_methods {
            if method != "*" && !METHODS.contains(&method.as_str()) {
                return Err(invalid(format!(
                    "unknown method {method:?} in allowed_methods; expected *, {}",
                    METHODS.join(", ")
                )));
            }
        }
        for name in self.allowed_headers.iter().flatten() {
            // A star is a wildcard, not part of a header name.
            check_header_name("allowed_headers", &name.replace('*', "x"))?;
        }
        for name in self.expose_headers.iter().flatten() {
            check_header_name("expose_headers", name)?;
        }
        Ok(())
    }

    fn allows_method(&self, method: &str) -> bool {
        self.allowed_methods
            .iter()
            .any(|allowed| allowed == method || (allowed == "*" && METHODS.contains(&method)))
    }

    fn allows_header(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        self.allowed_headers
            .iter()
            .flatten()
            .any(|pattern| wildcard::matches(&pattern.to_ascii_lowercase(), &name))
    }

    /// Returns the methods by name, because browsers do not accept `*` here.
    fn methods(&self) -> String {
        if self.allowed_methods.iter().any(|method| method == "*") {
            METHODS.join(", ")
        } else {
            self.allowed_methods.join(", ")
        }
    }

    /// Writes the headers of every response to an allowed origin.
    fn write_origin(&self, origin: &HeaderValue, response: &mut HeaderMap) -> Result<(), ApiError> {
        if self.allowed_origin == "*" {
            response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        } else {
            response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            vary(response);
        }
        match self.expose_headers.as_deref() {
            None | Some([]) => Ok(()),
            Some(names) => set_header(response, ACCESS_CONTROL_EXPOSE_HEADERS, names.join(", ")),
        }
    }
}

/// Returns the CORS headers of the response to a request that is not a preflight.
pub(crate) fn actual_request_headers(
    settings: &Settings,
    method: &Method,
    request: &HeaderMap,
) -> Result<HeaderMap, ApiError> {
    let mut response = HeaderMap::new();
    let Some(cors) = &settings.cors else {
        return Ok(response);
    };
    cors.write_vary(&mut response);
    let Some(origin) = request.get(ORIGIN) else {
        return Ok(response);
    };
    let rule = origin
        .to_str()
        .ok()
        .and_then(|origin| cors.matching_rule(origin, method.as_str(), std::iter::empty()));
    if let Some(rule) = rule {
        rule.write_origin(origin, &mut response)?;
    }
    Ok(response)
}

fn vary(response: &mut HeaderMap) {
    response.insert(VARY, HeaderValue::from_static("Origin"));
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn check_header_name(field: &str, name: &str) -> Result<(), ApiError> {
    match HeaderName::from_bytes(name.as_bytes()) {
        Ok(_) => Ok(()),
        Err(_) => Err(invalid(format!("invalid header name {name:?} in {field}"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(document: serde_json::Value) -> Cors {
        let cors = serde_json::from_value::<Cors>(document).unwrap();
        cors.check().unwrap();
        cors
    }

    fn sample() -> Cors {
        parse(json!({"cors_rules": [
            {"allowed_origin": "http://*.qingcloud.com", "allowed_methods": ["PUT", "GET"],
             "allowed_headers": ["x-qs-date", "Content-Type"], "max_age_seconds": 200,
             "expose_headers": ["x-qs-date", "ETag"]},
            {"allowed_origin": "http://*.qingcloud.com", "allowed_methods": ["DELETE"],
             "allowed_headers": ["x-qs-*"]},
            {"allowed_origin": "*", "allowed_methods": ["*"], "max_age_seconds": 0}
        ]}))
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    fn listing(headers: &HeaderMap) -> String {
        let mut lines = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect::<Vec<_>>();
        lines.sort();
        lines.join("\n")
    }

    fn preflight(cors: &Cors, origin: &str, method: &str, names: &str) -> String {
        let request = headers(&[
            ("origin", origin),
            ("access-control-request-method", method),
            ("access-control-request-headers", names),
        ]);
        listing(&cors.preflight_headers(&request).unwrap())
    }

    #[test]
    fn the_first_matching_rule_applies() {
        let cors = sample();
        let index = |origin, method, names: &[&str]| {
            let rule = cors.matching_rule(origin, method, names.iter().copied())?;
            cors.cors_rules.iter().position(|one| one == rule)
        };
        let site = "http://www.qingcloud.com";
        assert_eq!(index(site, "GET", &[]), Some(0));
        assert_eq!(index(site, "GET", &["X-QS-Date", "content-type"]), Some(0));
        assert_eq!(index(site, "GET", &["x-other"]), None);
        assert_eq!(index(site, "DELETE", &["x-qs-meta-a"]), Some(1));
        assert_eq!(index(site, "HEAD", &[]), Some(2));
        assert_eq!(index("http://elsewhere.com", "GET", &[]), Some(2));
        assert_eq!(index("http://elsewhere.com", "PATCH", &[]), None);
    }

    #[test]
    fn preflight_responses_follow_the_matching_rule() {
        let cors = sample();
        assert_eq!(
            preflight(
                &cors,
                "http://www.qingcloud.com",
                "PUT",
                "x-qs-date, content-type"
            ),
            "access-control-allow-headers: x-qs-date, content-type\n\
             access-control-allow-methods: PUT, GET\n\
             access-control-allow-origin: http://www.qingcloud.com\n\
             access-control-expose-headers: x-qs-date, ETag\n\
             access-control-max-age: 200\n\
             vary: Origin"
        );
        assert_eq!(
            preflight(&cors, "http://elsewhere.com", "GET", ""),
            "access-control-allow-methods: GET, PUT, POST, DELETE, HEAD\n\
             access-control-allow-origin: *\n\
             access-control-max-age: 0"
        );
        assert!(
            preflight(&cors, "http://www.qingcloud.com", "DELETE", "")
                .contains("access-control-max-age: 5")
        );
        assert_eq!(preflight(&cors, "http://elsewhere.com", "GET", "x-a"), "");
    }

    #[test]
    fn other_responses_follow_the_matching_rule() {
        let mut settings = Settings {
            cors: Some(sample()),
            ..Settings::default()
        };
        let response = |settings: &Settings, origin| {
            let request = headers(&[("origin", origin)]);
            listing(&actual_request_headers(settings, &Method::GET, &request).unwrap())
        };
        assert_eq!(
            response(&settings, "http://a.qingcloud.com"),
            "access-control-allow-origin: http://a.qingcloud.com\n\
             access-control-expose-headers: x-qs-date, ETag\n\
             vary: Origin"
        );
        assert_eq!(
            response(&settings, "null"),
            "access-control-allow-origin: *"
        );
        for (value, expected) in [
            ("ENABLE", "vary: Origin"),
            ("enabled", "vary: Origin"),
            ("disabled", ""),
        ] {
            settings.cors = Some(parse(json!({"cors_rules": [], "resp_vary": value})));
            assert_eq!(response(&settings, "http://a.com"), expected);
        }
        settings.cors = None;
        assert_eq!(response(&settings, "http://a.com"), "");
    }

    #[test]
    fn bad_rules_are_refused() {
        for (rule, word) in [
            (
                json!({"allowed_origin": "", "allowed_methods": ["GET"]}),
                "allowed_origin",
            ),
            (
                json!({"allowed_origin": "*", "allowed_methods": []}),
                "allowed_methods",
            ),
            (
                json!({"allowed_origin": "*", "allowed_methods": ["get"]}),
                "\"get\"",
            ),
            (
                json!({"allowed_origin": "*", "allowed_methods": ["PATCH"]}),
                "PATCH",
            ),
            (
                json!({"allowed_origin": "*", "allowed_methods": ["GET"], "allowed_headers": ["a b"]}),
                "allowed_headers",
            ),
            (
                json!({"allowed_origin": "*", "allowed_methods": ["GET"], "expose_headers": ["a\nb"]}),
                "expose_headers",
            ),
            (
                json!({"allowed_origin": "*", "allowed_methods": ["GET"], "max_age_seconds": -1}),
                "expected u32",
            ),
            (json!({"allowed_methods": ["GET"]}), "allowed_origin"),
            (json!(["*", ["GET"]]), "expected an object"),
        ] {
            let message = match serde_json::from_value::<Cors>(json!({"cors_rules": [rule]})) {
                Ok(cors) => cors.check().unwrap_err().to_string(),
                Err(error) => error.to_string(),
            };
            assert!(message.contains(word), "{message}");
        }
    }
}
