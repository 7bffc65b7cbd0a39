use std::io::{BufRead, BufReader, PipeReader, Read, pipe};

use rustix::fs::{MemfdFlags, SealFlags, SeekFrom, fcntl_add_seals, ftruncate, memfd_create, seek};
use rustix::io::pread;

use super::*;

const LONG: Duration = Duration::from_secs(60);

/// A queue, and who reads what comes out of it.
fn queue() -> (Arc<Queue>, PipeReader) {
    let (reader, writer) = pipe().expect("a pipe");
    let queue = Queue::start(writer.into(), |count| format!("{count} are missing\n").into_bytes()).expect("a thread");
    (queue, reader)
}

fn line(number: usize) -> String {
    format!("{number:0200}\n")
}

/// Adds lines until one was dropped, and gives how many were not.
fn fill(queue: &Queue, whose: Whose) -> usize {
    let before = queue.dropped();
    let mut number = 0;
    while queue.dropped() == before {
        queue.push(line(number).as_bytes(), whose);
        number += 1;
    }
    number - 1
}

fn lines(reader: &mut impl BufRead, count: usize) -> Vec<String> {
    (0..count)
        .map(|_| {
            let mut line = String::new();
            reader.read_line(&mut line).expect("a line");
            line
        })
        .collect()
}

#[test]
fn lines_come_whole_and_in_order() {
    let (queue, reader) = queue();
    let reader = std::thread::spawn(move || lines(&mut BufReader::new(reader), 20_000));
    for number in 0..20_000 {
        queue.push(line(number).as_bytes(), Whose::Last);
    }
    assert!(queue.flush(LONG, LONG));
    assert_eq!(reader.join().expect("lines"), (0..20_000).map(line).collect::<Vec<_>>());
    assert_eq!(queue.dropped(), 0);
}

// Whoever reads the log has to know what is missing, and where.
#[test]
fn what_is_dropped_is_said_in_its_place() {
    let (queue, reader) = queue();
    let kept = fill(&queue, Whose::Bridge);
    queue.push(b"dropped as well\n", Whose::Bridge);
    queue.push(b"the last\n", Whose::Last);
    assert_eq!(queue.dropped(), 2);
    let mut reader = BufReader::new(reader);
    assert_eq!(lines(&mut reader, kept), (0..kept).map(line).collect::<Vec<_>>());
    assert_eq!(lines(&mut reader, 2), ["2 are missing\n", "the last\n"]);
    assert!(queue.flush(LONG, LONG));
    // Once there is room all is as before.
    queue.push(b"more\n", Whose::Bridge);
    assert_eq!(lines(&mut reader, 1), ["more\n"]);
}

// Otherwise a worker that floods keeps out of the log what the bridge says of it.
#[test]
fn what_workers_print_leaves_room_for_the_bridge() {
    let (queue, _reader) = queue();
    let room = queue.room();
    assert!(*room.borrow());
    fill(&queue, Whose::Worker);
    assert!(!*room.borrow());
    let bytes = fill(&queue, Whose::Bridge) * (line(0).len() + LINE);
    let reserve = LIMIT - OUTPUT_LIMIT;
    // The worker's last line reaches into it. The thread may have written meanwhile what a pipe holds, 64 KiB of text.
    assert!((reserve - 1_000..reserve + 131_072).contains(&bytes), "{bytes}");
}

#[test]
fn who_waits_for_room_gets_it_when_something_was_read() {
    let (queue, mut reader) = queue();
    let mut room = queue.room();
    fill(&queue, Whose::Worker);
    assert!(!*room.borrow_and_update());
    let reading = std::thread::spawn(move || {
        let mut bytes = vec![0; OUTPUT_WAITS];
        reader.read_exact(&mut bytes).expect("lines");
        reader
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async { room.wait_for(|room| *room).await.map(drop) }).expect("the queue is there");
    drop(reading.join());
}

#[test]
fn the_wait_for_the_end_has_an_end() {
    let (queue, reader) = queue();
    fill(&queue, Whose::Bridge);
    assert!(!queue.flush(Duration::from_millis(1), LONG));
    assert!(!queue.flush(LONG, Duration::from_millis(1)));
    let reader = std::thread::spawn(move || std::io::copy(&mut BufReader::new(reader), &mut std::io::sink()));
    assert!(queue.flush(LONG, LONG));
    drop(reader);
}

// A log on a disk that is full goes on when there is space again; nobody waits, and nothing is silently missing.
#[test]
fn lines_that_cannot_be_written_are_counted() {
    let (queue, reader) = queue();
    drop(reader);
    queue.push(b"nobody reads it\n", Whose::Bridge);
    queue.push(b"nor this\n", Whose::Worker);
    assert!(queue.flush(LONG, LONG));
    assert_eq!(queue.dropped(), 2);
}

// Half of a line with another behind it is neither, to a program that reads the log.
#[test]
fn a_line_that_was_torn_is_ended() {
    // A file of one page that cannot grow, as on a disk that is full.
    let file = memfd_create("log", MemfdFlags::ALLOW_SEALING).expect("a file");
    ftruncate(&file, 4096).expect("a size");
    fcntl_add_seals(&file, SealFlags::GROW).expect("a seal");
    seek(&file, SeekFrom::Start(4096 - 10)).expect("a place");
    let to = file.try_clone().expect("a descriptor");
    let queue = Queue::start(to, |count| format!("{count} are missing\n").into_bytes()).expect("a thread");
    queue.push(b"whole\n", Whose::Bridge);
    queue.push(b"half of a line\n", Whose::Bridge);
    assert!(queue.flush(LONG, LONG));
    // Now there is space again.
    seek(&file, SeekFrom::Start(0)).expect("a place");
    queue.push(b"the next\n", Whose::Bridge);
    assert!(queue.flush(LONG, LONG));
    let mut text = vec![0; 4096];
    pread(&file, &mut text, 0).expect("a text");
    let text = String::from_utf8(text).expect("a text");
    assert!(text.starts_with("\n1 are missing\nthe next\n\0"), "{text:?}");
    assert!(text.ends_with("\0whole\nhalf"), "{text:?}");
}

// Who shares a terminal or pipe may have made it so that writes do not wait.
#[test]
fn a_pipe_that_does_not_wait_loses_nothing() {
    let (reader, writer) = pipe().expect("a pipe");
    rustix::io::ioctl_fionbio(&writer, true).expect("it is a pipe");
    let queue = Queue::start(writer.into(), |_| Vec::new()).expect("a thread");
    for number in 0..4000 {
        queue.push(line(number).as_bytes(), Whose::Bridge);
    }
    assert_eq!(lines(&mut BufReader::new(reader), 4000), (0..4000).map(line).collect::<Vec<_>>());
    assert!(queue.flush(LONG, LONG));
}
