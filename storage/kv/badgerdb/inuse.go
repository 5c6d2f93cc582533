package badgerdb

import (
	"errors"
	"os"
	"path/filepath"
)

// InUse returns kv.ErrLocked where a process has the store in dir open. It changes nothing, and says nothing of the moment after: it is for commands that ask before they
// take a folder away.
func InUse(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, lockFile)); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	f, err := lockFolder(dir)
	if err != nil {
		return err
	}
	f.close()
	return nil
}
