package badgerdb

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gotensor/gotensor/storage/kv"
)

// walLog brings Badger's logs to the disk. Badger itself syncs the one in use only, which would let a crash of the machine lose the end of one before it.
type walLog struct {
	dir     string
	number  int
	current *os.File
	turned  bool // since Write looked
}

func logPath(dir string, number int) string {
	return filepath.Join(dir, fmt.Sprintf("%05d.mem", number))
}

// logs are the numbers of the logs in dir, in order.
func logs(dir string) ([]int, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var numbers []int
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".mem"); ok {
			number, err := strconv.Atoi(name)
			if err != nil {
				return nil, fmt.Errorf("%w: log %q", kv.ErrCorrupt, e.Name())
			}
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

func (l *walLog) open(dir string) error {
	l.dir = dir
	return l.turn(-1)
}

// turn syncs all logs from number from on, and goes on with the newest.
func (l *walLog) turn(from int) error {
	numbers, err := logs(l.dir)
	if err != nil {
		return err
	}
	for _, number := range numbers {
		if number < from {
			continue
		}
		file, err := os.OpenFile(logPath(l.dir, number), os.O_RDWR, 0)
		if errors.Is(err, os.ErrNotExist) {
			continue // it is in a table by now, which Badger has synced
		}
		if err != nil {
			return err
		}
		if err := file.Sync(); err != nil {
			file.Close()
			return err
		}
		l.close()
		l.number, l.current = number, file
	}
	if l.current == nil {
		return fmt.Errorf("no log in %q", l.dir)
	}
	l.turned = true
	return syncDir(l.dir)
}

// sync brings all logs before the one in use to the disk, and where all is true that too. It says whether everything is there. With each transaction since the
// sync before, Badger may have turned to the next log: those between may be gone again, and the first be there still, held by an iterator.
func (l *walLog) sync(all bool, transactions uint32) (complete bool, err error) {
	for i := range int(transactions) {
		if _, err := os.Lstat(logPath(l.dir, l.number+1+i)); err == nil {
			return true, l.turn(l.number)
		}
	}
	if !all {
		return false, nil
	}
	return true, l.current.Sync()
}

func (l *walLog) close() {
	if l.current != nil {
		l.current.Close()
		l.current = nil
	}
}

// Badger's log: a header of logHeader bytes, then entries: meta, user meta, length of the key, length of the value, expiry (uvarints), key with its number
// (8 bytes, inverted), value, CRC-32C of all that. An entry of a transaction has bitTxn; the entry that ends one has bitEnd. What is not ended does not
// count, nor does what follows the first entry that is not right.
const (
	logHeader = 20
	bitTxn    = 1 << 6
	bitEnd    = 1 << 7
)

// logFile is what was found in a log.
type logFile struct {
	number  int
	size    int64  // of the file
	max     uint64 // the highest number in it, 0 if there is none
	inTable bool   // its last transaction is in a table, and so all of it
}

// readLog reads a log without changing it. What its complete transactions hold of marks and steps goes to f.
func (f *found) readLog(dir string, number int) error {
	file, err := os.Open(logPath(dir, number))
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	log := logFile{number: number, size: info.Size()}
	r := &logReader{in: bufio.NewReaderSize(io.NewSectionReader(file, logHeader, math.MaxInt64-logHeader), 256<<10), left: log.size - logHeader}
	var open uint64 // the number of the transaction under way
	var entries []logEntry
	for {
		e, ok, err := r.next()
		if err != nil {
			return err
		}
		if !ok || e.meta&(bitTxn|bitEnd) == 0 || open != 0 && e.number != open {
			break
		}
		open = e.number
		if e.meta&bitEnd == 0 {
			if e.key != nil {
				entries = append(entries, e)
			}
			continue
		}
		for _, e := range entries { // the one step or mark that each transaction ends with
			log.inTable = f.noted(e.key, e.number) // tables were read before, and no log has it twice
			if err := f.note(e.key, e.value, e.number); err != nil {
				return err
			}
		}
		log.max = max(log.max, open)
		open, entries = 0, entries[:0]
	}
	f.logs = append(f.logs, log)
	f.top = max(f.top, log.max)
	return nil
}

type logEntry struct {
	meta       byte
	number     uint64
	key, value []byte // only of marks and steps
}

type logReader struct {
	in      *bufio.Reader
	left    int64
	crc     uint32
	scratch []byte
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ReadByte implements io.ByteReader.
func (r *logReader) ReadByte() (byte, error) {
	b, err := r.in.ReadByte()
	if err == nil {
		r.crc = crc32.Update(r.crc, castagnoli, []byte{b})
		r.left--
	}
	return b, err
}

// next reads an entry. It is not ok where the log ends.
func (r *logReader) next() (e logEntry, ok bool, err error) {
	ended := func(err error) (logEntry, bool, error) {
		if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return logEntry{}, false, nil
		}
		var pathError *os.PathError
		if errors.As(err, &pathError) {
			return logEntry{}, false, err
		}
		return logEntry{}, false, nil // a number that is too long
	}
	r.crc = 0
	if e.meta, err = r.ReadByte(); err != nil {
		return ended(err)
	}
	if _, err = r.ReadByte(); err != nil {
		return ended(err)
	}
	var lengths [3]uint64
	for i := range lengths {
		if lengths[i], err = binary.ReadUvarint(r); err != nil {
			return ended(err)
		}
	}
	klen, vlen := lengths[0], lengths[1]
	if klen < 8 || klen > 1<<16 || vlen > math.MaxUint32 || int64(klen+vlen)+4 > r.left {
		return ended(nil)
	}
	n := int(klen+vlen) + 4
	if cap(r.scratch) < n {
		r.scratch = make([]byte, n+n/2)
	}
	body := r.scratch[:n]
	if _, err := io.ReadFull(r.in, body); err != nil {
		return ended(err)
	}
	r.left -= int64(n)
	r.crc = crc32.Update(r.crc, castagnoli, body[:n-4])
	if r.crc != binary.BigEndian.Uint32(body[n-4:]) {
		return ended(nil)
	}
	e.number = math.MaxUint64 - binary.BigEndian.Uint64(body[klen-8:klen])
	if key := body[:klen-8]; len(key) > 0 && (key[0] == spaceMark || key[0] == spaceStep) {
		e.key, e.value = slices.Clone(key), slices.Clone(body[klen:n-4])
	}
	return e, true, nil
}
