//go:build !linux

package palletbench

import "time"

var began = time.Now()

// clock returns the time that has gone by: there is no clock of the thread alone. Other work of the machine is measured too.
func clock() time.Duration { return time.Since(began) }
