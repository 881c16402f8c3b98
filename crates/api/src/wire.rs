//! MLflow's JSON shapes, borrowed from the domain's entities.
//!
//! The rules of presence (`docs/api.md`, response encoding): what MLflow sets is written even when empty, what it leaves
//! unset is left out, and so are empty lists. Integers of 64 bits are JSON numbers; ids and version numbers are texts.

mod experiments;
mod logged_models;
mod memory;
mod metrics;
mod registry;
mod runs;
mod webhooks;

pub(crate) use memory::GuardsShape;
pub(crate) use runs::Created;

use std::fmt::Display;

use domain::KeyValue;
use serde::{Serialize, Serializer};

/// An entity that has a shape on the wire.
pub(crate) trait Wire {
    /// The shape, borrowing from the entity.
    type Shape<'a>: Serialize
    where
        Self: 'a;

    /// Borrows the shape.
    fn shape(&self) -> Self::Shape<'_>;
}

/// Writes a list of entities in their shapes, one at a time: a page of thousands needs no second list.
pub(crate) struct List<'a, T>(pub(crate) &'a [T]);

impl<T> List<'_, T> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Wire> Serialize for List<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(T::shape))
    }
}

/// Writes something as a JSON text, such as an id that is a number inside.
pub(crate) struct Text<T>(pub(crate) T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A tag or a param.
#[derive(Serialize)]
pub(crate) struct Pair<'a> {
    key: &'a str,
    value: &'a str,
}

impl Wire for KeyValue {
    type Shape<'a> = Pair<'a>;

    fn shape(&self) -> Pair<'_> {
        Pair { key: &self.key, value: &self.value }
    }
}

/// Whether a text that MLflow leaves out when empty is to be left out.
#[expect(clippy::ref_option_ref, reason = "serde's `skip_serializing_if` hands over a reference")]
fn is_blank(text: &Option<&str>) -> bool {
    text.is_none_or(str::is_empty)
}

/// Whether a time that MLflow leaves out when zero is to be left out.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's `skip_serializing_if` hands over a reference")]
fn is_zero(time: &i64) -> bool {
    *time == 0
}
