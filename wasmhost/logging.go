package wasmhost

import (
	"fmt"
	"unicode/utf8"
)

// Chapter "Logging".

var loggingFuncs = []hostFunc{
	{"ext_logging_log_version_1", params(i32, i64, i64), nil, loggingLog},
	{"ext_logging_max_level_version_1", nil, results(i32), loggingMaxLevel},
}

// loggingLog implements ext_logging_log_version_1: level, target, message → nothing.
//
//	level: i32, 0 (error) to 4 (trace): one less than in LogLevel, because Substrate passes the number of the variant, whatever
//	  the value that its declaration gives it. Every real runtime that panics says so with 0.
//	target: span of UTF-8
//	message: span; dropped where it is no UTF-8
//	traps: another level; a target that is no UTF-8; a span outside memory
//
// A record at error level is remembered in any case: old runtimes tell so why they are about to panic.
func loggingLog(c *call, stack []uint64) {
	level := LogError + LogLevel(uint8(stack[0]))
	if level > LogTrace {
		c.trapParam(0, fmt.Errorf("%w: log level %d, expected 0 to 4", ErrArgument, level-LogError))
	}
	target := c.text(stack[1], 1)
	message := c.bytes(stack[2], 2)
	if level == LogError {
		c.lastError = clip(message)
	}
	if utf8.Valid(message) {
		c.log(level, target, message)
	}
}

// loggingMaxLevel implements ext_logging_max_level_version_1: nothing → level.
//
//	result: i32, 0 (off) to 5 (trace)
func loggingMaxLevel(c *call, stack []uint64) { stack[0] = uint64(c.env.MaxLogLevel) }

// log hands a record to the environment where it wants records of that level.
func (c *call) log(level LogLevel, target string, message []byte) {
	if c.env.Log != nil && level <= c.env.MaxLogLevel {
		c.env.Log(level, target, string(message))
	}
}
