//! Macros that implement the traits of outputs.

/// Makes the methods of [`ResponseMeta`] available on outputs, by `Deref`.
macro_rules! response_meta {
    ($($output:ident),* $(,)?) => {$(
        impl std::ops::Deref for $output {
            type Target = ResponseMeta;

            fn deref(&self) -> &ResponseMeta {
                &self.meta
            }
        }
    )*};
}
pub(crate) use response_meta;

/// Defines outputs without fields: the response has only a status and headers.
macro_rules! empty_outputs {
    ($($(#[$meta:meta])* $output:ident,)*) => {
        $(
            $(#[$meta])*
            #[derive(Clone, Debug)]
            #[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
            #[non_exhaustive]
            pub struct $output {
                #[cfg_attr(feature = "serde", serde(skip))]
                meta: ResponseMeta,
            }

            impl FromResponse for $output {
                #[inline]
                fn decode(response: Response) -> Result<Self> {
                    Ok(Self { meta: response.meta })
                }
            }
        )*
        response_meta!($($output),*);
    };
}
pub(crate) use empty_outputs;

/// Implements [`FromResponse`] for outputs whose fields are all in a JSON object.
macro_rules! json_outputs {
    ($($output:ident),* $(,)?) => {
        $(
            impl FromResponse for $output {
                #[inline]
                fn decode(response: Response) -> Result<Self> {
                    let mut output: Self = response.json_object()?;
                    output.meta = response.meta;
                    Ok(output)
                }

                #[inline]
                fn body_fields() -> BodyFields {
                    BodyFields::of::<Self>()
                }
            }
        )*
        response_meta!($($output),*);
    };
}
pub(crate) use json_outputs;
