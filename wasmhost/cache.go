package wasmhost

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/tetratelabs/wazero"
)

// cacheFault tells whether compiling ended in an error of the folder of compiled code: one of the file system, or one that the engine marks
// by this word only.
func cacheFault(err error) bool {
	var path *fs.PathError
	return err != nil && (errors.As(err, &path) || strings.Contains(err.Error(), "compilationcache:"))
}

// openCache makes the folder of compiled code and checks that nobody else can write to it: what is in it is executed.
func (e *Engine) openCache() (wazero.CompilationCache, error) {
	dir := e.cfg.CacheDir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("compile cache: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("compile cache: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("compile cache %q: others may write to it (mode %#o), expected 0700", dir, mode)
	}
	cache, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		return nil, fmt.Errorf("compile cache: %w", err)
	}
	e.pruneCache(e.cfg.CacheBytes)
	return cache, nil
}

// The compiler keeps a file for each module in a folder of its own, of which there is one for each of its versions and kinds of machine.
// Source: wazero cache.go and internal/filecache.
const (
	cacheFolders  = "wazero-*"
	cacheTempFile = ".tmp" // ends the name of a file that is being written, behind the name it will have and some digits
)

// cacheName tells whether the compiler names files so, and whether the file was not finished.
func cacheName(name string) (ours, temporary bool) {
	key, rest, _ := strings.Cut(name, ".")
	if len(key) != 2*sha256.Size || strings.Trim(key, "0123456789abcdef") != "" {
		return false, false
	}
	digits, temporary := strings.CutSuffix(rest, cacheTempFile)
	return rest == "" && name == key || temporary && strings.Trim(digits, "0123456789") == "", temporary
}

// cacheKeys are the names that the file of a module may have: they depend on the machine, in three bits.
// Source: wazero internal/engine/wazevo, fileCacheKey; internal/wasm, AssignModuleID; internal/platform, CpuFeatureFlags.
func cacheKeys(module []byte) (names [8]string) {
	h := sha256.New()
	h.Write(module)
	h.Write([]byte{0}) // no termination checks
	id := h.Sum(nil)
	for cpu := range names {
		key := sha256.Sum256(binary.LittleEndian.AppendUint64(append(id[:sha256.Size:sha256.Size], "WAZEVO"...), uint64(cpu)))
		names[cpu] = hex.EncodeToString(key[:])
	}
	return names
}

// touchCache notes that the file of a module was used.
func (e *Engine) touchCache(module []byte) {
	folders, _ := filepath.Glob(filepath.Join(globQuote(e.cfg.CacheDir), cacheFolders))
	now := time.Now()
	for _, name := range cacheKeys(module) {
		for _, folder := range folders {
			os.Chtimes(filepath.Join(folder, name), now, now) //nolint:errcheck // seven of eight are not there; a wrong time costs a compilation
		}
	}
}

// pruneCache deletes files of the compiler, those used longest ago first, until they take no more than limit bytes (all of them where it is negative), and all that
// an interrupted write left behind an hour ago. What it could not delete it tells as a fault: the node runs all the same.
func (e *Engine) pruneCache(limit int64) {
	type file struct {
		path string
		size int64
		used time.Time
	}
	var files []file
	var sum int64
	var failed error
	remove := func(path string) bool {
		err := os.Remove(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // another process may have been faster
			failed = err
			return false
		}
		return true
	}
	folders, _ := filepath.Glob(filepath.Join(globQuote(e.cfg.CacheDir), cacheFolders))
	for _, folder := range folders {
		entries, err := os.ReadDir(folder)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = err
		}
		for _, entry := range entries {
			ours, temporary := cacheName(entry.Name())
			info, err := entry.Info()
			if !ours || err != nil || !info.Mode().IsRegular() {
				continue
			}
			path := filepath.Join(folder, entry.Name())
			if temporary {
				if time.Since(info.ModTime()) > time.Hour {
					remove(path)
				}
				continue
			}
			files = append(files, file{path, info.Size(), info.ModTime()})
			sum += info.Size()
		}
	}
	slices.SortFunc(files, func(a, b file) int { return a.used.Compare(b.used) })
	for _, f := range files {
		if sum <= limit {
			break
		}
		if remove(f.path) {
			sum -= f.size
		}
	}
	if failed != nil {
		e.fault(fmt.Errorf("compile cache: %w", failed))
	}
}

// globQuote makes a path that means itself to filepath.Glob.
func globQuote(path string) string {
	if runtime.GOOS == "windows" {
		return path // whose paths have no such characters but [, and no way to quote it
	}
	return strings.NewReplacer("\\", "\\\\", "*", "\\*", "?", "\\?", "[", "\\[").Replace(path)
}
