//! The checks of `docs/wire-protocol.md` written the plain way: the standard library's UTF-8 check, and loops over
//! bytes for zeros. What the hand-written floors use.

/// What was wrong, and with which field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The protocol's code.
    pub code: &'static str,
    /// The field's path.
    pub path: &'static str,
}

/// What a check comes to.
pub type Checked = Result<(), Fault>;

/// `Err` unless `holds`.
#[inline(always)]
pub fn require(holds: bool, code: &'static str, path: &'static str) -> Checked {
    if holds { Ok(()) } else { Err(Fault { code, path }) }
}

/// Every byte is zero.
#[inline(always)]
pub fn zeros(bytes: &[u8], path: &'static str) -> Checked {
    for byte in bytes {
        if *byte != 0 {
            return Err(Fault { code: "padding", path });
        }
    }
    Ok(())
}

/// A bounded string: count, padding, UTF-8, unused tail.
#[inline(always)]
pub fn text(length: u16, padding: &[u8; 6], bytes: &[u8], path: &'static str) -> Checked {
    let length = usize::from(length);
    require(length <= bytes.len(), "count", path)?;
    zeros(padding, path)?;
    require(std::str::from_utf8(&bytes[..length]).is_ok(), "utf8", path)?;
    zeros(&bytes[length..], path)
}

/// A bounded vector whose elements take any bytes: count, padding, unused slots.
#[inline(always)]
pub fn slots<const N: usize>(count: u16, padding: &[u8; 6], slots: &[[u8; N]], path: &'static str) -> Checked {
    let count = usize::from(count);
    require(count <= slots.len(), "count", path)?;
    zeros(padding, path)?;
    zeros(slots[count..].as_flattened(), path)
}
