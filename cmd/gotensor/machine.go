package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/gotensor/gotensor/internal/tinyruntime"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/wasmhost"
)

const mebibyte = 1 << 20

// machineRows are the rows of Substrate's "benchmark machine": what is done, how much of it a round does, and how often at most, follow
// client/sysinfo/src/sysinfo.rs; the minima are those of utils/frame/benchmarking-cli/src/machine/reference_hardware.json (paritytech/substrate).
var machineRows = []struct {
	category, function string
	minimum            float64 // bytes a second
	run                func(limit time.Duration, dir string) (bytesPerSecond float64, err error)
}{
	{"CPU", "BLAKE2-256", 783.27 * mebibyte, blakeRow},
	{"CPU", "SR25519-Verify", 0.547529297 * mebibyte, sr25519Row},
	{"Memory", "Copy", 11768.341 * mebibyte, copyRow},
	{"Disk", "Seq Write", 950 * mebibyte, sequentialRow},
	{"Disk", "Rnd Write", 420 * mebibyte, randomRow},
}

// errWrong is a benchmark that did not do what it measures.
var errWrong = errors.New("wrong result")

// score runs f once to warm up, and then until the time is over or rounds is reached. size is what a round does, in bytes.
func score(size, rounds int, limit time.Duration, f func() error) (float64, error) {
	if err := f(); err != nil {
		return 0, err
	}
	done, start, took := 0, time.Now(), time.Duration(0)
	for done < rounds {
		if err := f(); err != nil {
			return 0, err
		}
		done++
		if took = time.Since(start); took >= limit {
			break
		}
	}
	return float64(size*done) / max(took, 1).Seconds(), nil
}

func blakeRow(limit time.Duration, _ string) (float64, error) {
	data := bytes.Repeat([]byte{0x66}, 32<<10)
	var got hash.H256
	v, err := score(len(data), 1<<30, limit, func() error {
		got = hash.Blake2b256(data)
		return nil
	})
	// The digest that Python's hashlib gives.
	if want := "0x711a2b1d8148d10e39d065d3bf3a94e1bb5f7b88f0f4698435fe682d78e4b115"; err == nil && got.String() != want {
		err = fmt.Errorf("%w: hash %s, expected %s", errWrong, got, want)
	}
	return v, err
}

func sr25519Row(limit time.Duration, _ string) (float64, error) {
	const size, number = 32, 2048
	pair, err := keys.FromURI(keys.Sr25519, "//Alice", "")
	if err != nil {
		return 0, err
	}
	public := pair.Public()
	messages, signatures := make([][]byte, number), make([][]byte, number)
	for i := range messages {
		h := hash.Blake2b256(binary.LittleEndian.AppendUint64(nil, uint64(i)))
		messages[i], signatures[i] = h[:], pair.Sign(h[:])
	}
	if keys.Sr25519Verify(signatures[0], messages[1], public) {
		return 0, fmt.Errorf("%w: a signature verifies another message", errWrong)
	}
	next := 0
	return score(size, 1<<30, limit, func() error {
		i := next % number
		next++
		if !keys.Sr25519Verify(signatures[i], messages[i], public) {
			return fmt.Errorf("%w: signature %d does not verify", errWrong, i)
		}
		return nil
	})
}

func copyRow(limit time.Duration, _ string) (float64, error) {
	const size = 64 * mebibyte
	from, to := bytes.Repeat([]byte{0x66}, size), bytes.Repeat([]byte{0x77}, size)
	v, err := score(size, 1<<30, limit, func() error {
		copy(to, from)
		return nil
	})
	if err == nil && !bytes.Equal(from, to) {
		err = errWrong
	}
	return v, err
}

// diskSize is what the disk rows write in a round.
const diskSize = 64 * mebibyte

// noise returns size bytes that do not compress, the same ones every time.
func noise(size int) []byte {
	out := make([]byte, size)
	rng := rand.NewChaCha8([32]byte{1})
	_, err := rng.Read(out)
	if err != nil {
		panic("BUG: ChaCha8 fails: " + err.Error())
	}
	return out
}

// withFile runs f on a fresh file below dir, and then compares what is in it with want.
func withFile(dir string, want []byte, f func(file *os.File) (float64, error)) (v float64, err error) {
	file, err := os.CreateTemp(dir, ".gotensor-benchmark-*.tmp")
	if err != nil {
		return 0, err
	}
	defer func() {
		// The file goes last: without it the system need not write anything.
		err = errors.Join(err, file.Close(), os.Remove(file.Name()))
	}()
	if v, err = f(file); err != nil {
		return 0, err
	}
	got, err := os.ReadFile(file.Name())
	if err != nil {
		return 0, err
	}
	if !bytes.Equal(got, want) {
		return 0, fmt.Errorf("%w: %s holds other bytes than were written", errWrong, filepath.Base(file.Name()))
	}
	return v, nil
}

func sequentialRow(limit time.Duration, dir string) (float64, error) {
	data := noise(diskSize)
	return withFile(dir, data, func(file *os.File) (float64, error) {
		return score(diskSize, 1<<20, limit, func() error {
			if _, err := file.WriteAt(data, 0); err != nil {
				return err
			}
			return file.Sync()
		})
	})
}

func randomRow(limit time.Duration, dir string) (float64, error) {
	// Half of every page is written, so that neighbouring writes cannot be joined.
	const page, part = 4096, 2048
	before := noise(diskSize)
	after := bytes.Clone(before)
	positions := rand.New(rand.NewPCG(1, 2)).Perm(diskSize / page)
	for _, p := range positions {
		copy(after[p*page:p*page+part], before[len(before)-(p+1)*page:])
	}
	return withFile(dir, after, func(file *os.File) (float64, error) {
		if _, err := file.WriteAt(before, 0); err != nil {
			return 0, err
		}
		if err := file.Sync(); err != nil {
			return 0, err
		}
		return score(diskSize/2, 1<<20, limit, func() error {
			for _, p := range positions {
				if _, err := file.WriteAt(after[p*page:p*page+part], int64(p*page)); err != nil {
					return err
				}
			}
			return file.Sync()
		})
	})
}

// hostCallCost measures a host call that does nothing, as the difference of two numbers of calls: what surrounds them cancels out.
func hostCallCost(ctx context.Context, cfg wasmhost.Config, total time.Duration) (hostRow, error) {
	engine, err := wasmhost.NewEngine(cfg)
	if err != nil {
		return hostRow{}, err
	}
	defer engine.Close()
	runtime, err := engine.Load(ctx, tinyruntime.Module())
	if err != nil {
		return hostRow{}, err
	}
	const few, many = 1_000, 101_000
	count := func(n uint32) (hostRow, error) {
		args := binary.LittleEndian.AppendUint32(nil, n)
		return measure("", total/2, func() error {
			answer, err := runtime.Call(ctx, &wasmhost.Env{}, "Tiny_count", args)
			if err == nil && len(answer) != 0 {
				err = errWrong
			}
			return err
		})
	}
	base, err := count(few)
	if err != nil {
		return hostRow{}, err
	}
	row, err := count(many)
	if err != nil {
		return hostRow{}, err
	}
	row.Name = "one host call (log level)"
	row.Calls *= many
	row.Least = max(row.Least-base.Least, 0) / (many - few)
	row.Median = max(row.Median-base.Median, 0) / (many - few)
	return row, nil
}
