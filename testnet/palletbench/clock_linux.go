package palletbench

import (
	"time"

	"golang.org/x/sys/unix"
)

// clock returns the time that this thread has worked for, so that other work of the machine is not measured. The caller has locked its goroutine
// to the thread.
func clock() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic("BUG: the clock of the thread: " + err.Error())
	}
	return time.Duration(t.Nano())
}
