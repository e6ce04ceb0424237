//! Setters of optional fields, one line each.

/// Defines setters: on a call (`setters! { Call<GetObjectInput>, (input) => .. }`), or on a type
/// itself (`setters! { Rule, () => .. }`). What stands behind a name says what it takes:
///
/// | kind | argument | field |
/// | --- | --- | --- |
/// | `text` | `impl Into<String>` | `Option<String>` |
/// | `into(T)` | `impl Into<T>` | `Option<T>` |
/// | `value(T)` | `T` | `Option<T>` |
/// | `plain(T)` | `T` | `T` |
/// | `texts` | `impl IntoIterator<Item = impl Into<String>>` | `Vec<String>` |
/// | `list(T)` | `impl IntoIterator<Item = T>` | `Vec<T>`, or a map of pairs |
/// | `entries` | `impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>` | `Metadata` |
macro_rules! setters {
    ($target:ty, $at:tt => $($(#[$meta:meta])* $name:ident: $kind:ident $(($ty:ty))?,)*) => {
        impl $target {
            $(setters! { @ $at $(#[$meta])* $name $kind $(($ty))? })*
        }
    };
    (@ ($($at:ident)?) $(#[$meta:meta])* $name:ident text) => {
        setters! { @@ ($($at)?) $(#[$meta])* $name (impl Into<String>) value Some(value.into()) }
    };
    (@ ($($at:ident)?) $(#[$meta:meta])* $name:ident into($ty:ty)) => {
        setters! { @@ ($($at)?) $(#[$meta])* $name (impl Into<$ty>) value Some(value.into()) }
    };
    (@ ($($at:ident)?) $(#[$meta:meta])* $name:ident value($ty:ty)) => {
        setters! { @@ ($($at)?) $(#[$meta])* $name ($ty) value Some(value) }
    };
    (@ ($($at:ident)?) $(#[$meta:meta])* $name:ident plain($ty:ty)) => {
        setters! { @@ ($($at)?) $(#[$meta])* $name ($ty) value value }
    };
    (@ ($($at:ident)?) $(#[$meta:meta])* $name:ident texts) => {
        setters! { @@ ($($at)?) $(#[$meta])* $name (impl IntoIterator<Item = impl Into<String>>)
            value value.into_iter().map(Into::into).collect() }
    };
    (@ ($($at:ident)?) $(#[$meta:meta])* $name:ident list($ty:ty)) => {
        setters! { @@ ($($at)?) $(#[$meta])* $name (impl IntoIterator<Item = $ty>)
            value value.into_iter().collect() }
    };
    (@ ($($at:ident)?) $(#[$meta:meta])* $name:ident entries) => {
        setters! { @@ ($($at)?) $(#[$meta])* $name
            (impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>)
            value value.into_iter().collect() }
    };
    (@@ ($($at:ident)?) $(#[$meta:meta])* $name:ident ($ty:ty) $value:ident $made:expr) => {
        $(#[$meta])*
        pub fn $name(mut self, $value: $ty) -> Self {
            self$(.$at)?.$name = $made;
            self
        }
    };
}
pub(crate) use setters;
