package badgerdb

import (
	"fmt"
	"os"
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

// onDisk is what a file takes: Badger's logs have holes.
func onDisk(info os.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Blocks) * 512
	}
	return uint64(info.Size())
}
