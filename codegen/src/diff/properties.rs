//! Compares properties: arguments, setters and fields.

use super::{Comparison, Pairing, Pairs, Place, Rule, before, code, now};
use crate::model::{PlaceKind, Property, Shape, TimeFormat};

/// An item with properties, and its names in messages.
pub(super) struct Holder<'a> {
    /// Path of the item in the report.
    pub(super) path: String,
    /// Function whose arguments are the required properties.
    pub(super) function: String,
    /// Type with the setters.
    pub(super) setters: String,
    /// Type with the fields.
    pub(super) owner: String,
    /// Properties that are no longer public because the runtime or the handle sets them.
    pub(super) computed: Vec<&'a Property>,
    /// Whether callers create the item, with arguments and setters.
    pub(super) sent: bool,
    /// Whether the item is the output of an operation.
    pub(super) is_response: bool,
}

/// Pairs properties by name and place, then by name, then by identifier, then by description and
/// type. Finally pairs the only remaining path parameters.
pub(super) fn pair<'a>(old: &[&'a Property], new: &[&'a Property]) -> Pairs<'a, Property> {
    Pairing::new(old, new)
        .by(|one| Some((one.place.kind, one.name.as_str())))
        .by(|one| Some(one.name.to_lowercase()))
        .by(|one| Some(one.ident.as_str()))
        .by(|one| {
            let key = (one.place.kind, &one.type_name, &one.description);
            Some(key).filter(|_| !one.description.is_empty())
        })
        .by(|one| (one.place.kind == PlaceKind::Path).then_some(()))
        .pairs()
}

impl<'a> Comparison<'a> {
    pub(super) fn properties(
        &mut self,
        holder: &Holder<'_>,
        old: &[&'a Property],
        new: &[&'a Property],
    ) {
        let pairs = pair(old, new);
        for (was, is) in &pairs.both {
            self.property(holder, was, is);
        }
        for property in &pairs.removed {
            self.removed(holder, property);
        }
        for property in &pairs.added {
            self.added(holder, property);
        }
        if holder.sent {
            self.order(holder, old, new, &pairs);
        }
    }

    fn added(&mut self, holder: &Holder<'_>, property: &Property) {
        let ident = &property.ident;
        let (rule, message) = if holder.sent && property.required {
            let takes = self.new_types.argument(property);
            let argument = code(&format!("{ident}: {takes}"));
            let message = format!("{} has the new argument {argument}", holder.function);
            (Rule::ArgumentAdded, message)
        } else if holder.sent {
            let setter = code(&format!("{ident}({})", self.new_types.argument(property)));
            let message = format!("{} has the new setter {setter}", holder.setters);
            (Rule::ParameterAdded, message)
        } else {
            let field = code(&format!("{ident}: {}", self.field(holder, property, false)));
            let message = format!("{} has the new field {field}", holder.owner);
            (Rule::FieldAdded, message)
        };
        self.add_property_change(holder, property, rule, message, now(&property.source));
    }

    fn removed(&mut self, holder: &Holder<'_>, property: &Property) {
        let ident = code(&property.ident);
        let same = |other: &&&Property| {
            other.place.kind == property.place.kind
                && other.name.eq_ignore_ascii_case(&property.name)
        };
        let computed = holder.computed.iter().find(same);
        let (rule, message) = if let Some(computed) = computed {
            let message = format!("the SDK now sets {ident} of {} itself", holder.function);
            let place = now(&computed.source);
            return self.add_property_change(
                holder,
                property,
                Rule::ParameterComputed,
                message,
                place,
            );
        } else if holder.sent && property.required {
            let message = format!("{} no longer has the argument {ident}", holder.function);
            (Rule::ArgumentRemoved, message)
        } else if holder.sent {
            let message = format!("{} no longer has the setter {ident}", holder.setters);
            (Rule::ParameterRemoved, message)
        } else {
            let message = format!("{} no longer has the field {ident}", holder.owner);
            (Rule::FieldRemoved, message)
        };
        self.add_property_change(holder, property, rule, message, before(&property.source));
    }

    fn property(&mut self, holder: &Holder<'_>, old: &Property, new: &Property) {
        self.name(holder, old, new);
        let is_retyped = self.kind(holder, old, new);
        self.wire(holder, old, new);
        self.deprecation(holder, old, new);
        let path = format!("{} > {}", holder.path, new.name);
        let what = self.display_name(holder, new);
        self.words(
            &path,
            &what,
            &[&old.description],
            &[&new.description],
            &new.source,
        );
        self.extensions(&path, &what, &old.ext, &new.ext, &new.source);
        self.presence(holder, old, new);
        // Limits and default of another type are not comparable.
        if !is_retyped && self.limits(holder, old, new) {
            let message = format!("the default or the limits of {what} changed");
            self.add_property_change(holder, new, Rule::Limits, message, now(&new.source));
        }
    }

    fn name(&mut self, holder: &Holder<'_>, old: &Property, new: &Property) {
        let is_same_on_wire = match new.place.kind {
            PlaceKind::Header => old.name.eq_ignore_ascii_case(&new.name),
            PlaceKind::Query | PlaceKind::Json | PlaceKind::Form | PlaceKind::FormFile => {
                old.name == new.name
            }
            // The name is not sent.
            PlaceKind::Path | PlaceKind::HeaderMap | PlaceKind::Value | PlaceKind::Stream => true,
        };
        if old.ident != new.ident {
            let rule = if holder.sent {
                Rule::ParameterRenamed
            } else {
                Rule::FieldRenamed
            };
            let (was, is) = (code(&old.ident), code(&new.ident));
            let mut message = format!("{was} of {} is now called {is}", holder.owner);
            if !is_same_on_wire {
                message += &format!(
                    ", and is sent as {} instead of {}",
                    code(&new.name),
                    code(&old.name)
                );
            }
            self.add_property_change(holder, new, rule, message, now(&new.source));
        } else if !is_same_on_wire {
            let message = format!(
                "{} is now sent as {} instead of {}",
                self.display_name(holder, new),
                code(&new.name),
                code(&old.name)
            );
            self.add_property_change(holder, new, Rule::WireName, message, now(&new.source));
        }
    }

    /// Compares the type, and whether the property is required. Returns whether the type changed.
    fn kind(&mut self, holder: &Holder<'_>, old: &Property, new: &Property) -> bool {
        let (was, is) = if holder.sent && old.required != new.required {
            self.demand(holder, new);
            // Report the type without `Option`, whose change is reported separately.
            (self.bare(holder, old, true), self.bare(holder, new, false))
        } else {
            (
                self.field(holder, old, true),
                self.field(holder, new, false),
            )
        };
        if was != is {
            let retyped = if holder.sent {
                Rule::ParameterRetyped
            } else {
                Rule::FieldRetyped
            };
            let what = self.display_name(holder, new);
            let message = format!("{what} is now {} instead of {}", code(&is), code(&was));
            self.add_property_change(holder, new, retyped, message, now(&new.source));
        } else if holder.sent && old.required == new.required {
            self.compare_accepted_types(holder, old, new);
        }
        was != is && self.bare(holder, old, true) != self.bare(holder, new, false)
    }

    /// Reports that a setter became an argument, or the reverse.
    fn demand(&mut self, holder: &Holder<'_>, new: &Property) {
        let ident = code(&new.ident);
        let (rule, message) = if new.required {
            let message = format!(
                "{ident} is now an argument of {} instead of a setter",
                holder.function
            );
            (Rule::ParameterRequired, message)
        } else {
            let message = format!(
                "{ident} is now a setter instead of an argument of {}",
                holder.function
            );
            (Rule::ParameterOptional, message)
        };
        self.add_property_change(holder, new, rule, message, now(&new.source));
    }

    /// Compares what an argument or setter accepts if the type of the field did not change.
    fn compare_accepted_types(&mut self, holder: &Holder<'_>, old: &Property, new: &Property) {
        let was = self.old_types.argument(old);
        let is = self.new_types.argument(new);
        if was == is {
            return;
        }
        let rule = if is.covers(&was) {
            Rule::ArgumentWidened
        } else {
            Rule::ArgumentNarrowed
        };
        let what = self.display_name(holder, new);
        let (is, was) = (code(&is.to_string()), code(&was.to_string()));
        let message = format!("{what} now accepts {is} instead of {was}");
        self.add_property_change(holder, new, rule, message, now(&new.source));
    }

    /// Compares the encoding on the wire if the types are equal.
    fn wire(&mut self, holder: &Holder<'_>, old: &Property, new: &Property) {
        let what = self.display_name(holder, new);
        if old.place.kind != new.place.kind {
            let message = format!(
                "{what} is now {} in {} instead of {}",
                if holder.sent { "sent" } else { "received" },
                part(new.place.kind),
                part(old.place.kind)
            );
            self.add_property_change(holder, new, Rule::Place, message, now(&new.source));
            return;
        }
        let prefix = |property: &Property| property.place.prefix.as_deref().map(str::to_lowercase);
        let same = old.place.collection == new.place.collection
            && prefix(old) == prefix(new)
            && old.one_or_many == new.one_or_many
            && self.same_form(holder, old, new);
        if !same {
            let shapes = (
                self.old_types.without_aliases(&old.shape),
                self.new_types.without_aliases(&new.shape),
            );
            let message = match shapes {
                (Shape::Time { format: was }, Shape::Time { format: is }) if was != is => {
                    let (is, was) = (time_format(is), time_format(was));
                    format!("{what} is now encoded as {is} instead of {was}")
                }
                _ => format!("the encoding of {what} changed"),
            };
            self.add_property_change(holder, new, Rule::Encoding, message, now(&new.source));
        }
    }

    /// Returns whether values of the type have the same encoding. Ignores properties whose type
    /// changed, because another change reports them.
    fn same_form(&self, holder: &Holder<'_>, old: &Property, new: &Property) -> bool {
        self.bare(holder, old, true) != self.bare(holder, new, false)
            || form(&self.old_types.without_aliases(&old.shape))
                == form(&self.new_types.without_aliases(&new.shape))
    }

    fn deprecation(&mut self, holder: &Holder<'_>, old: &Property, new: &Property) {
        let what = self.display_name(holder, new);
        let (rule, is) = match (old.deprecated, new.deprecated) {
            // Only setters can be marked as deprecated. For arguments and fields, the documentation
            // says it.
            (false, true) if holder.sent && !new.required => {
                (Rule::ParameterDeprecated, "is deprecated")
            }
            (false, true) => (Rule::FieldDeprecated, "is deprecated"),
            (true, false) => (Rule::Undeprecated, "is no longer deprecated"),
            _ => return,
        };
        self.add_property_change(holder, new, rule, format!("{what} {is}"), now(&new.source));
    }

    /// Compares facts that are not visible in the Rust type.
    fn presence(&mut self, holder: &Holder<'_>, old: &Property, new: &Property) {
        for (fact, was, is) in [
            ("nullable", old.nullable, new.nullable),
            (
                "a holder of nullable values",
                old.nullable_items,
                new.nullable_items,
            ),
            ("read-only", old.read_only, new.read_only),
            ("write-only", old.write_only, new.write_only),
            ("a list of files", old.file_list, new.file_list),
        ] {
            if was != is {
                let now_or_not = if is { "now" } else { "no longer" };
                let message = format!("{} is {now_or_not} {fact}", self.display_name(holder, new));
                self.add_property_change(holder, new, Rule::Limits, message, now(&new.source));
            }
        }
    }

    fn limits(&self, holder: &Holder<'_>, old: &Property, new: &Property) -> bool {
        let nodes = |old: &[crate::source::Node], new: &[crate::source::Node]| {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| old.same_json(new))
        };
        // For a property that is only received, the type shows this fact or nothing does.
        let unseen = !holder.sent
            && old.required != new.required
            && self.field(holder, old, true) == self.field(holder, new, false);
        let same = old.minimum == new.minimum
            && old.maximum == new.maximum
            && old.max_length == new.max_length
            && old.pattern == new.pattern
            && nodes(old.default.as_slice(), new.default.as_slice())
            && nodes(&old.enum_values, &new.enum_values);
        unseen || !same
    }

    /// Compares the order of arguments, which have no names in a method call.
    fn order(
        &mut self,
        holder: &Holder<'_>,
        old: &[&Property],
        new: &[&Property],
        pairs: &Pairs<'_, Property>,
    ) {
        let required = |list: &[&'_ Property]| list.iter().filter(|one| one.required).count();
        let kept = pairs.both.iter();
        let kept: Vec<_> = kept
            .filter(|(was, is)| was.required && is.required)
            .collect();
        let at = |property: &Property| {
            let mut old = old.iter();
            old.position(|one| std::ptr::eq(*one, property))
        };
        let places: Vec<_> = kept.iter().map(|(was, _)| at(was)).collect();
        let Some(moved) = places
            .windows(2)
            .position(|pair| pair.first() > pair.last())
        else {
            return;
        };
        let mut before: Vec<_> = kept.clone();
        before.sort_by_key(|(was, _)| at(was));
        let whole = kept.len() == required(old) && kept.len() == required(new);
        let mut sides = before.iter().zip(&kept);
        let silent = sides
            .all(|((was, _), (_, is))| self.old_types.argument(was) == self.new_types.argument(is));
        let names: Vec<_> = kept.iter().map(|(_, is)| is.ident.as_str()).collect();
        let takes = format!("{} takes {}", holder.function, super::codes(&names));
        let (rule, message) = if whole && silent {
            let message = format!("{takes} now in this order, which the compiler does not notice");
            (Rule::ArgumentsSwapped, message)
        } else {
            (
                Rule::ArgumentsReordered,
                format!("{takes} now in this order"),
            )
        };
        if let Some((_, is)) = kept.get(moved + 1) {
            let place = now(&is.source);
            self.add_change(rule, holder.path.clone(), message, place);
        }
    }

    /// Returns the type of a field. `old` selects the specification.
    fn field(&self, holder: &Holder<'_>, property: &Property, old: bool) -> String {
        let bare = self.bare(holder, property, old);
        let stream = holder.is_response && property.place.kind == PlaceKind::Stream;
        if property.always_set || stream {
            bare
        } else {
            format!("Option<{bare}>")
        }
    }

    /// Returns the type of a field without `Option`.
    fn bare(&self, holder: &Holder<'_>, property: &Property, old: bool) -> String {
        if holder.is_response && property.place.kind == PlaceKind::Stream {
            return "ByteStream".to_owned();
        }
        let types = if old {
            &self.old_types
        } else {
            &self.new_types
        };
        types.field(property)
    }

    /// Returns the name of a property in messages.
    fn display_name(&self, holder: &Holder<'_>, property: &Property) -> String {
        format!("{} of {}", code(&property.ident), holder.owner)
    }

    fn add_property_change(
        &mut self,
        holder: &Holder<'_>,
        property: &Property,
        rule: Rule,
        message: String,
        place: Place,
    ) {
        let path = format!("{} > {}", holder.path, property.name);
        self.add_change(rule, path, message, place);
    }
}

/// Describes the encoding of a value, without type names.
fn form(shape: &Shape) -> String {
    match shape {
        Shape::List { item } => format!("[{}]", form(item)),
        Shape::Map { value } => format!("{{{}}}", form(value)),
        // The SDK represents days as text.
        Shape::Text
        | Shape::Time {
            format: TimeFormat::Date,
        } => "text".to_owned(),
        Shape::Time { format } => time_format(*format).to_owned(),
        Shape::Format { format } => format.clone(),
        // The type determines the encoding.
        _ => String::new(),
    }
}

fn part(kind: PlaceKind) -> &'static str {
    match kind {
        PlaceKind::Path => "the path",
        PlaceKind::Query => "the query",
        PlaceKind::Header => "a header",
        PlaceKind::HeaderMap => "headers",
        PlaceKind::Json => "the JSON body",
        PlaceKind::Value | PlaceKind::Stream => "the whole body",
        PlaceKind::Form | PlaceKind::FormFile => "the form",
    }
}

/// Returns the name of a time format in messages.
fn time_format(format: TimeFormat) -> &'static str {
    match format {
        TimeFormat::Iso8601 => "ISO 8601",
        TimeFormat::HttpDate => "an HTTP date",
        TimeFormat::Unix => "seconds since 1970",
        TimeFormat::Date => "a day",
    }
}
