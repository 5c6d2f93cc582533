package badgerdb

import "fmt"

// Exists tells whether there is a store in dir, without changing anything; there is none where dir does not exist or is empty.
// Errors: kv.ErrForeign, ErrNewer, ErrCorrupt, and those of the operating system.
func Exists(dir string) (bool, error) {
	fresh, err := look(dir)
	if err != nil {
		return false, fmt.Errorf("look for a database in %q: %w", dir, err)
	}
	return !fresh, nil
}
