//go:build !linux

package badgerdb

import "os"

// room is not asked here: a full disk is met by Badger.
func room(string, int64) error { return nil }

// spareTables is not asked here.
func spareTables(string, func() int, int) error { return nil }

func onDisk(info os.FileInfo) uint64 { return uint64(info.Size()) }
