//! Columns of numbers that only the first rows have.

use std::sync::Arc;

use arrow_array::types::ArrowPrimitiveType;
use arrow_array::{ArrayRef, PrimitiveArray};
use arrow_buffer::{BooleanBufferBuilder, NullBuffer};

/// The numbers of the first rows; the others of `rows` have none.
pub(super) fn first<T: ArrowPrimitiveType>(rows: usize, numbers: impl ExactSizeIterator<Item = T::Native>) -> ArrayRef {
    let present = numbers.len();
    let mut values = Vec::with_capacity(rows);
    values.extend(numbers);
    values.resize(rows, T::Native::default());
    let nulls = (present < rows).then(|| {
        let mut valid = BooleanBufferBuilder::new(rows);
        valid.append_n(present, true);
        valid.append_n(rows - present, false);
        NullBuffer::new(valid.finish())
    });
    Arc::new(PrimitiveArray::<T>::new(values.into(), nulls))
}

/// As [`first`], of numbers that a row may lack.
pub(super) fn some<T: ArrowPrimitiveType>(
    rows: usize,
    numbers: impl ExactSizeIterator<Item = Option<T::Native>>,
) -> ArrayRef {
    let none = rows - numbers.len();
    Arc::new(PrimitiveArray::<T>::from_iter(numbers.chain(std::iter::repeat_n(None, none))))
}
