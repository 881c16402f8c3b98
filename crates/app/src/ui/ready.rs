//! Whether the page reacts: until then the document's first script keeps presses for later.

use leptos::prelude::*;

/// Marks the document (`data-hydrated`) once the page that is being made has taken over its HTML.
pub(crate) fn tell() {
    Effect::new(|_| {
        // One frame later: parts that were waiting for data have taken over theirs by then.
        request_animation_frame(|| {
            if let Some(root) = document().document_element() {
                // Setting an attribute of an element that is there can't fail.
                drop(root.set_attribute("data-hydrated", ""));
            }
        });
    });
}
