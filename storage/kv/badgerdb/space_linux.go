package badgerdb

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/gotensor/gotensor/storage/kv"
)

// room refuses where the file system of dir has less than need bytes.
func room(dir string, need int64) error {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return nil // what the disk holds is not known then, and no reason to refuse
	}
	if free := int64(fs.Bavail) * fs.Bsize; free < need {
		return fmt.Errorf("%w: %d bytes are free under %q, %d must be: make room", kv.ErrFull, free, dir, need)
	}
	return nil
}

// spare is how many open files and mappings are left to the rest of the process.
const spare = 64

// spareTables refuses where the system does not let the process open some more tables, each of which is an open file and a mapping. dir and tables, of which
// it has some, are for the text.
func spareTables(dir string, tables func() int, more int) error {
	need := more + spare
	var limit syscall.Rlimit // Go has raised it to the hard limit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err == nil {
		files, err := os.ReadDir("/proc/self/fd")
		if free := int64(min(limit.Cur, math.MaxInt64)) - int64(len(files)); err == nil && free < int64(need) {
			return fmt.Errorf("%w: the process has %d files open and may have %d, of those must be free %d for %q, which has %d tables: raise ulimit -n",
				kv.ErrLimit, len(files), limit.Cur, need, dir, tables())
		}
	}
	text, err := os.ReadFile("/proc/sys/vm/max_map_count")
	if err != nil {
		return nil // what the system allows is not known then, and no reason to refuse
	}
	most, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return nil
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if n := bytes.Count(maps, []byte{'\n'}); err == nil && most-n < need {
		return fmt.Errorf("%w: the process has %d mappings and may have %d, of those must be free %d for %q, which has %d tables: raise vm.max_map_count (sysctl), or give the store more memory, for larger tables",
			kv.ErrLimit, n, most, need, dir, tables())
	}
	return nil
}

// onDisk is what a file takes: Badger's logs have holes.
func onDisk(info os.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Blocks) * 512
	}
	return uint64(info.Size())
}
