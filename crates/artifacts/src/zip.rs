//! Folders as one zip archive, written as it is sent.
//!
//! Files are stored as they are: models are compressed already, and so the archive's length is known before its first
//! byte. A file's checksum is known after its last byte and stands behind it, in a data descriptor; its sizes stand in
//! front of it as well, for readers that do not seek. Sizes and places that 32 bits do not hold make a record ZIP64.

use std::io;

use bytes::{BufMut, Bytes, BytesMut};
use crc32fast::Hasher;
use domain::Millis;
use jiff::tz::TimeZone;

/// What a 32-bit field says when the value stands in the ZIP64 record, and the first value that does.
const IN_ZIP64: u64 = 0xFFFF_FFFF;
/// The same of a 16-bit field.
const MANY: u64 = 0xFFFF;
/// A checksum behind the file; names in UTF-8.
const FLAGS: u16 = 1 << 3 | 1 << 11;
/// Version 4.5 of the format, the first with ZIP64.
const WITH_ZIP64: u16 = 45;
/// Version 2.0, with folders.
const PLAIN: u16 = 20;
/// A version whose attributes are those of Unix.
const UNIX: u16 = 3 << 8;
/// A regular file that its owner may write and all may read.
const MODE: u32 = 0o100_644 << 16;
/// The extra field of ZIP64.
const ZIP64_FIELD: u16 = 1;
/// Files of the directory that are written at once.
const RECORDS: usize = 1_000;

/// A file of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZipMember {
    /// Its path in the archive, at most 65,535 bytes.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// When it was last written.
    pub last_modified: Option<Millis>,
}

/// An archive that is being written: for each file [`Zip::begin`], [`Zip::content`] of every chunk, [`Zip::end`]; then
/// [`Zip::directory`].
#[derive(Default)]
pub struct Zip {
    /// Bytes so far.
    offset: u64,
    written: Vec<Written>,
    checksum: Hasher,
    /// Bytes of the current file that are still to come.
    left: u64,
}

struct Written {
    member: ZipMember,
    checksum: u32,
    offset: u64,
}

impl Zip {
    /// Bytes of the archive of these files.
    pub fn length(members: impl Iterator<Item = ZipMember>) -> u64 {
        let mut zip = Self::default();
        for member in members {
            let size = member.size;
            zip.begin(member);
            zip.offset += size;
            zip.behind();
        }
        zip.directory().for_each(drop);
        zip.offset
    }

    /// What stands in front of a file.
    pub fn begin(&mut self, member: ZipMember) -> Bytes {
        let large = member.size >= IN_ZIP64;
        let mut out = BytesMut::with_capacity(64 + member.name.len());
        out.put_u32_le(0x0403_4B50);
        out.put_u16_le(if large { WITH_ZIP64 } else { PLAIN });
        common(&mut out, &member, 0);
        out.put_u16_le(if large { 20 } else { 0 });
        out.put_slice(member.name.as_bytes());
        if large {
            out.put_u16_le(ZIP64_FIELD);
            out.put_u16_le(16);
            out.put_u64_le(member.size);
            out.put_u64_le(member.size);
        }
        self.left = member.size;
        self.checksum = Hasher::new();
        self.written.push(Written { member, checksum: 0, offset: self.offset });
        self.sent(out)
    }

    /// Takes note of bytes of the file, which follow unchanged. More than announced are an error.
    pub fn content(&mut self, chunk: &[u8]) -> io::Result<()> {
        self.checksum.update(chunk);
        self.left = self.left.checked_sub(chunk.len() as u64).ok_or_else(changed)?;
        self.offset += chunk.len() as u64;
        Ok(())
    }

    /// What stands behind the file. Fewer bytes than announced are an error.
    pub fn end(&mut self) -> io::Result<Bytes> {
        if self.left > 0 {
            return Err(changed());
        }
        if let Some(written) = self.written.last_mut() {
            written.checksum = std::mem::take(&mut self.checksum).finalize();
        }
        Ok(self.behind())
    }

    fn behind(&mut self) -> Bytes {
        let mut out = BytesMut::with_capacity(24);
        if let Some(Written { member, checksum, .. }) = self.written.last() {
            out.put_u32_le(0x0807_4B50);
            out.put_u32_le(*checksum);
            for size in [member.size; 2] {
                match u32::try_from(size) {
                    Ok(small) if size < IN_ZIP64 => out.put_u32_le(small),
                    _ => out.put_u64_le(size),
                }
            }
        }
        self.sent(out)
    }

    /// What ends the archive, piece by piece.
    pub fn directory(&mut self) -> impl Iterator<Item = Bytes> {
        let start = self.offset;
        let count = self.written.len();
        let pieces = count.div_ceil(RECORDS);
        (0..=pieces).map(move |piece| {
            let mut out = BytesMut::new();
            if piece < pieces {
                let records = piece * RECORDS..count.min((piece + 1) * RECORDS);
                self.written[records].iter().for_each(|written| record(&mut out, written));
            } else {
                end_of_directory(&mut out, count as u64, start, self.offset);
            }
            self.sent(out)
        })
    }

    fn sent(&mut self, out: BytesMut) -> Bytes {
        self.offset += out.len() as u64;
        out.freeze()
    }
}

fn changed() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "a file changed while it was put into an archive")
}

/// What a file's header and its record in the directory have in common: flags to the length of the name.
fn common(out: &mut BytesMut, member: &ZipMember, checksum: u32) {
    let (date, time) = dos_time(member.last_modified);
    out.put_u16_le(FLAGS);
    out.put_u16_le(0);
    out.put_u16_le(time);
    out.put_u16_le(date);
    out.put_u32_le(checksum);
    out.put_u32_le(capped(member.size));
    out.put_u32_le(capped(member.size));
    out.put_u16_le(u16::try_from(member.name.len()).unwrap_or(u16::MAX));
}

fn record(out: &mut BytesMut, Written { member, checksum, offset }: &Written) {
    let large = if member.size >= IN_ZIP64 { [Some(member.size); 2] } else { [None; 2] };
    let far = (*offset >= IN_ZIP64).then_some(*offset);
    let fields: Vec<u64> = large.into_iter().chain([far]).flatten().collect();
    let version = if fields.is_empty() { PLAIN } else { WITH_ZIP64 };
    let length = u16::try_from(fields.len()).unwrap_or_default() * 8;
    out.put_u32_le(0x0201_4B50);
    out.put_u16_le(UNIX | WITH_ZIP64);
    out.put_u16_le(version);
    common(out, member, *checksum);
    out.put_u16_le(if fields.is_empty() { 0 } else { length + 4 });
    // No comment, one disk, bytes rather than text.
    out.put_bytes(0, 6);
    out.put_u32_le(MODE);
    out.put_u32_le(capped(*offset));
    out.put_slice(member.name.as_bytes());
    if !fields.is_empty() {
        out.put_u16_le(ZIP64_FIELD);
        out.put_u16_le(length);
        for field in fields {
            out.put_u64_le(field);
        }
    }
}

fn end_of_directory(out: &mut BytesMut, count: u64, start: u64, end: u64) {
    let length = end - start;
    if count >= MANY || start >= IN_ZIP64 || length >= IN_ZIP64 {
        out.put_u32_le(0x0606_4B50);
        // Bytes of this record that follow.
        out.put_u64_le(44);
        out.put_u16_le(UNIX | WITH_ZIP64);
        out.put_u16_le(WITH_ZIP64);
        out.put_bytes(0, 8);
        for value in [count, count, length, start] {
            out.put_u64_le(value);
        }
        out.put_u32_le(0x0706_4B50);
        out.put_u32_le(0);
        out.put_u64_le(end);
        out.put_u32_le(1);
    }
    out.put_u32_le(0x0605_4B50);
    out.put_u32_le(0);
    let count = u16::try_from(count).unwrap_or(u16::MAX);
    out.put_u16_le(count);
    out.put_u16_le(count);
    out.put_u32_le(capped(length));
    out.put_u32_le(capped(start));
    out.put_u16_le(0);
}

fn capped(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// Date and time as a zip keeps them: in UTC, since it knows no zones, from 1980 to 2107, even seconds.
fn dos_time(millis: Option<Millis>) -> (u16, u16) {
    const FIRST: (u16, u16) = (1 << 5 | 1, 0);
    let Some(time) = millis.and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok()) else { return FIRST };
    let time = time.to_zoned(TimeZone::UTC).datetime();
    let bits = |value: i8| u16::from(value.unsigned_abs());
    match u16::try_from(i32::from(time.year()) - 1980) {
        Ok(year) if year < 128 => (
            year << 9 | bits(time.month()) << 5 | bits(time.day()),
            bits(time.hour()) << 11 | bits(time.minute()) << 5 | (bits(time.second()) / 2),
        ),
        _ => FIRST,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs::File;
    use std::io::{Read, Seek, SeekFrom, Write};

    use super::*;

    const GIB: u64 = 1 << 30;

    fn member(name: &str, size: u64) -> ZipMember {
        // 2023-11-14 22:13:20.
        ZipMember { name: name.into(), size, last_modified: Some(1_700_000_000_000) }
    }

    /// Writes an archive whose files are zeros, which take no room on the disk.
    fn sparse(file: &mut File, members: &[ZipMember]) -> u64 {
        let mut zip = Zip::default();
        for member in members {
            file.write_all(&zip.begin(member.clone())).expect("a header");
            zip.offset += member.size;
            zip.left = 0;
            file.seek(SeekFrom::Current(i64::try_from(member.size).expect("a size"))).expect("a hole");
            file.write_all(&zip.end().expect("the end")).expect("a descriptor");
        }
        for piece in zip.directory() {
            file.write_all(&piece).expect("the directory");
        }
        file.stream_position().expect("a position")
    }

    /// What another program reads: name, size and offset of each file.
    fn read_back(file: &File) -> BTreeMap<String, (u64, u64)> {
        let mut buffer = vec![0; rawzip::RECOMMENDED_BUFFER_SIZE];
        let archive = rawzip::ZipArchive::from_file(file.try_clone().expect("the file"), &mut buffer);
        let archive = archive.expect("an archive");
        let mut entries = archive.entries(&mut buffer);
        let mut found = BTreeMap::new();
        while let Some(entry) = entries.next_entry().expect("an entry") {
            let name = entry.file_path().try_normalize().expect("a safe name").as_ref().to_owned();
            let place = (entry.uncompressed_size_hint(), entry.local_header_offset());
            assert!(found.insert(name, place).is_none());
        }
        found
    }

    #[test]
    fn archives_beyond_32_bits_are_read_by_others() {
        let members = [
            member("small", 3),
            member("at the border", IN_ZIP64 - 1),
            member("large", 5 * GIB),
            member("far/größe", 7),
            member("large and far", 6 * GIB),
        ];
        let mut file = tempfile::tempfile().expect("a file");
        let length = sparse(&mut file, &members);
        assert_eq!(Zip::length(members.iter().cloned()), length, "the length is known beforehand");
        let found = read_back(&file);
        assert_eq!(found.len(), members.len());
        for member in &members {
            let (size, offset) = found[&member.name];
            assert_eq!(size, member.size);
            let mut header = [0; 4];
            file.seek(SeekFrom::Start(offset)).expect("the place");
            file.read_exact(&mut header).expect("the header");
            assert_eq!(header, *b"PK\x03\x04", "{}", member.name);
        }
    }

    #[test]
    fn an_archive_has_any_number_of_files() {
        for count in [0, 1, 1_000, 1_001, 65_534, 65_535, 70_000] {
            let members: Vec<_> = (0..count).map(|i| member(&format!("{i}"), 0)).collect();
            let mut file = tempfile::tempfile().expect("a file");
            let length = sparse(&mut file, &members);
            assert_eq!(Zip::length(members.into_iter()), length, "{count}");
            assert_eq!(read_back(&file).len(), count);
        }
    }

    #[test]
    fn a_file_of_another_length_breaks_the_archive() {
        let mut zip = Zip::default();
        zip.begin(member("a", 3));
        zip.content(b"ab").expect("part of it");
        zip.end().expect_err("too short");
        zip.content(b"cd").expect_err("too long");
    }

    #[test]
    fn times_are_those_of_dos() {
        // The 43rd year since 1980, November 14th; 22:13:20.
        assert_eq!(dos_time(Some(1_700_000_000_000)), ((43 << 9) + (11 << 5) + 14, (22 << 11) + (13 << 5) + 10));
        for out_of_range in [None, Some(0), Some(i64::MAX), Some(4_354_819_200_000)] {
            assert_eq!(dos_time(out_of_range), (33, 0));
        }
    }
}
