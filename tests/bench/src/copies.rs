//! The floor below every format: copies of bytes that are ready, without a check or a field.

use crate::shapes;

/// The payload's bytes into `out`, then the text's bytes over them: what writing a message in place cannot go below.
#[inline]
pub fn text(value: &shapes::Text, payload: &[u8; 312], out: &mut [u8]) -> usize {
    let Some(out) = out.first_chunk_mut::<312>() else { return 0 };
    out.copy_from_slice(payload);
    out[8..8 + value.sender.len()].copy_from_slice(value.sender.as_bytes());
    out[48..48 + value.content.len()].copy_from_slice(value.content.as_bytes());
    312
}

/// `N` bytes into `out`.
#[inline]
pub fn payload<const N: usize>(payload: &[u8; N], out: &mut [u8]) -> usize {
    let Some(out) = out.first_chunk_mut::<N>() else { return 0 };
    *out = *payload;
    N
}
