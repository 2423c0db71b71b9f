//! Sections of settings, each declared once: [`section!`] makes of one list what can be written and what it means.

use figment::error::Kind;
use figment::value::{Dict, Value};
use serde::Deserialize;
use serde::ser::SerializeMap;
use validator::ValidationErrors;

/// What is wrong with a value, as the libraries say it.
pub(crate) enum Invalid {
    /// It is left empty, and the setting is not empty by default.
    Empty,
    /// It is of another type or form.
    Unreadable(Kind),
    /// It is readable and not allowed.
    OutOfBounds(ValidationErrors),
}

/// Settings that stand together, with their built-in values as [`Default`].
pub(crate) trait Section: Default {
    /// Checks the value of the setting at a path within the section; `None` when there is no such setting.
    fn check(path: &str, value: &Value) -> Option<Result<(), Invalid>>;

    /// Takes over values that were checked.
    fn take(&mut self, values: &Dict);

    /// Writes the settings and sections whose names are wanted, in the order of their declaration.
    fn write<M: SerializeMap>(&self, map: &mut M, wanted: impl Fn(&str) -> bool) -> Result<(), M::Error>;
}

/// Reads a value that is there.
pub(crate) fn read<T: for<'de> Deserialize<'de>>(value: &Value) -> Result<T, Invalid> {
    value.deserialize().map_err(|error| Invalid::Unreadable(error.kind))
}

/// Reads a value again that was checked before.
pub(crate) fn checked<T: for<'de> Deserialize<'de>>(value: &Value) -> T {
    value.deserialize().expect("the value was checked when its layer was read")
}

/// Declares a section: `Meaning from Written { settings } { sections in it }`.
///
/// A setting is `name: Type = built-in value`, or `name: Type` when it is empty unless somebody writes it. Its
/// documentation and its bounds, as attributes of the validator, stand above it; schema, references and messages are
/// made from them. Both types have a field for every setting: an `Option` in what is written; in what it means the type
/// itself, or an `Option` where nothing is built in.
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        $meaning:ident from $written:ident {
            $($(#[$attribute:meta])+ $field:ident: $type:ty $(= $built_in:expr)?),* $(,)?
        }
        $({ $($(#[doc = $about_inner:literal])+ $name:literal $inner_field:ident: $inner:ident from $inner_written:ident),+ $(,)? })?
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Default, schemars::JsonSchema, validator::Validate)]
        #[serde(default, deny_unknown_fields)]
        pub(crate) struct $written {
            $($(#[$attribute])+ pub(crate) $field: Option<$type>,)*
            $($($(#[doc = $about_inner])+ #[serde(rename = $name)] pub(crate) $inner_field: $inner_written,)+)?
        }

        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq)]
        pub(crate) struct $meaning {
            $(pub(crate) $field: $crate::section::section!(@type $type $(, $built_in)?),)*
            $($(pub(crate) $inner_field: $inner,)+)?
        }

        impl Default for $meaning {
            fn default() -> Self {
                Self {
                    $($field: $crate::section::section!(@built_in $($built_in)?),)*
                    $($($inner_field: $inner::default(),)+)?
                }
            }
        }

        impl $crate::section::Section for $meaning {
            fn check(path: &str, value: &figment::value::Value) -> Option<Result<(), $crate::section::Invalid>> {
                let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
                match (name, rest) {
                    $((stringify!($field), None) => Some(if value.to_empty().is_some() {
                        $crate::section::section!(@empty $($built_in)?)
                    } else {
                        $crate::section::read(value).and_then(|value| {
                            #[allow(clippy::needless_update, reason = "a section may have a single setting")]
                            let written = $written { $field: Some(value), ..$written::default() };
                            validator::Validate::validate(&written).map_err($crate::section::Invalid::OutOfBounds)
                        })
                    }),)*
                    $($(($name, Some(rest)) => <$inner as $crate::section::Section>::check(rest, value),)+)?
                    _ => None,
                }
            }

            fn take(&mut self, values: &figment::value::Dict) {
                for (name, value) in values {
                    match name.as_str() {
                        $(stringify!($field) => self.$field = $crate::section::checked(value),)*
                        $($($name => $crate::section::Section::take(&mut self.$inner_field, value.as_dict().expect("it holds settings")),)+)?
                        _ => unreachable!("what is no setting was refused when its layer was read"),
                    }
                }
            }

            fn write<M: serde::ser::SerializeMap>(&self, map: &mut M, wanted: impl Fn(&str) -> bool) -> Result<(), M::Error> {
                $(if wanted(stringify!($field)) {
                    map.serialize_entry(stringify!($field), &self.$field)?;
                })*
                $($(if wanted($name) {
                    map.serialize_entry($name, &self.$inner_field)?;
                })+)?
                Ok(())
            }
        }

        impl serde::Serialize for $meaning {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                $crate::section::Section::write(self, &mut map, |_| true)?;
                serde::ser::SerializeMap::end(map)
            }
        }
    };
    (@type $type:ty) => { Option<$type> };
    (@type $type:ty, $built_in:expr) => { $type };
    (@built_in) => { None };
    (@built_in $built_in:expr) => { $built_in };
    (@empty) => { Ok(()) };
    (@empty $built_in:expr) => { Err($crate::section::Invalid::Empty) };
}

pub(crate) use section;
