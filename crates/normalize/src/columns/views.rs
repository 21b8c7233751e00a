//! Columns that are filled while records are decoded, and cost nothing while nothing is in them.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, StringViewArray, new_null_array};
use arrow_buffer::{Buffer, NullBuffer, ScalarBuffer};
use arrow_schema::DataType;

/// No view has this length.
const NULL: u128 = u128::MAX;

/// A column of texts: 16 bytes each that point into the input, or hold the text when it is short.
#[derive(Default)]
pub(super) struct Views(Vec<u128>);

impl Views {
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The text of row `row`; rows without a text are passed over.
    #[inline]
    pub fn set(&mut self, row: usize, view: u128) {
        if self.0.len() < row {
            self.0.resize(row, NULL);
        }
        self.0.push(view);
    }

    /// The column as an array of `rows` rows over the buffers. The views move into it.
    pub fn array(&mut self, rows: usize, buffers: &Arc<[Buffer]>) -> ArrayRef {
        if self.0.is_empty() {
            return new_null_array(&DataType::Utf8View, rows);
        }
        let mut views = std::mem::replace(&mut self.0, Vec::with_capacity(rows));
        let present = views.len();
        views.resize(rows, NULL);
        let nulls = if present < rows || views.contains(&NULL) {
            let valid = NullBuffer::from_iter(views.iter().map(|v| *v != NULL));
            views.iter_mut().filter(|v| **v == NULL).for_each(|v| *v = 0);
            Some(valid)
        } else {
            None
        };
        let array = StringViewArray::try_new(ScalarBuffer::from(views), buffers.clone(), nulls);
        let array = array.expect("every view was made from the text at that place of its buffer");
        debug_assert_eq!(array.len(), rows);
        Arc::new(array)
    }
}
