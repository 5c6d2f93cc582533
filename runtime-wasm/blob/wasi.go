package blob

// The module's last page of memory is out of reach of memory.grow, so that no Go object is ever there. It holds what the program wrote to standard error
// and nobody has logged yet.
const (
	pageSize    = 1 << 16
	logText     = 8                         // offset of the text in that page, behind the target of log records
	logCapacity = pageSize - logText        // what does not fit is lost
	targetWord  = "0x00656d69746e7572"      // "runtime", that target, as a little-endian number
	targetSpan  = "0x700000000"             // its length, in the high half of a span
	clockStart  = 1_000_000_000             // nanoseconds; Go aborts where the clock shows 0
	randomSeed  = int64(0x676f74656e736f72) // "gotensor"
)

// What WASI functions answer. Source: WASI preview 1, errno and filetype.
const (
	errnoBadFile     = "8"
	errnoUnsupported = "52"
)

// wasiModule is where Go's imports of the system are.
const wasiModule = "wasi_snapshot_preview1"

// wasiFunctions are the functions of the system that the runtime of Go calls, as the module itself answers them: a clock that stands still unless somebody
// sleeps, random numbers from a counter, no arguments, no environment, no files. Initialisation runs with the same functions, so that what it
// learnt stays true. Others answer that they are not supported.
var wasiFunctions = map[string]function{
	"args_get":          {params: "argv:i32 buffer:i32", results: "i32", body: `i32.const 0`},
	"environ_get":       {params: "environ:i32 buffer:i32", results: "i32", body: `i32.const 0`},
	"sched_yield":       {results: "i32", body: `i32.const 0`},
	"fd_close":          {params: "fd:i32", results: "i32", body: `i32.const 0`},
	"fd_prestat_get":    {params: "fd:i32 prestat:i32", results: "i32", body: `i32.const ` + errnoBadFile}, // ends the search for directories
	"args_sizes_get":    {params: "count:i32 size:i32", results: "i32", body: noStrings},
	"environ_sizes_get": {params: "count:i32 size:i32", results: "i32", body: noStrings},

	"fd_prestat_dir_name": {params: "fd:i32 path:i32 length:i32", results: "i32", body: `i32.const ` + errnoBadFile},
	"fd_fdstat_set_flags": {params: "fd:i32 flags:i32", results: "i32", body: `i32.const 0`},

	// A character device without rights and flags: 24 bytes.
	"fd_fdstat_get": {
		params: "fd:i32 stat:i32", results: "i32",
		body: `
			local.get $stat  i64.const 0  i64.store 16
			local.get $stat  i64.const 0  i64.store 8
			local.get $stat  i64.const 2  i64.store 0
			i32.const 0
		`,
	},

	"clock_time_get": {
		params: "clock:i32 precision:i64 time:i32", results: "i32",
		body: `
			local.get $time  global.get $clock  i64.store 0
			i32.const 0
		`,
	},

	// SplitMix64, eight bytes a step; what is left of the last step is dropped. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators".
	"random_get": {
		params: "buffer:i32 length:i32", results: "i32", locals: "n:i32 z:i64",
		body: `
			block
				loop
					local.get $n  local.get $length  i32.ge_u
					br_if 1
					local.get $n  i32.const 7  i32.and  i32.eqz
					if
						global.get $random  i64.const 0x9e3779b97f4a7c15  i64.add  local.tee $z  global.set $random
						local.get $z  local.get $z  i64.const 30  i64.shr_u  i64.xor  i64.const 0xbf58476d1ce4e5b9  i64.mul  local.set $z
						local.get $z  local.get $z  i64.const 27  i64.shr_u  i64.xor  i64.const 0x94d049bb133111eb  i64.mul  local.set $z
						local.get $z  local.get $z  i64.const 31  i64.shr_u  i64.xor  local.set $z
					end
					local.get $buffer  local.get $n  i32.add  local.get $z  i32.wrap_i64  i32.store8 0
					local.get $z  i64.const 8  i64.shr_u  local.set $z
					local.get $n  i32.const 1  i32.add  local.set $n
					br 0
				end
			end
			i32.const 0
		`,
	},

	// Sleep ends at once, and the clock moves on by as much, or who waits for a time would ask for ever. Waiting for nothing but files is
	// waiting for ever: it traps.
	"poll_oneoff": {
		params: "in:i32 out:i32 count:i32 fired:i32", results: "i32", locals: "n:i32",
		body: `
			block
				loop
					local.get $count  i32.eqz
					br_if 1
					local.get $in  i32.load8_u 8  i32.eqz ;; a clock
					if
						local.get $out  i64.const 0  i64.store 24
						local.get $out  i64.const 0  i64.store 16
						local.get $out  i64.const 0  i64.store 8
						local.get $out  local.get $in  i64.load 0  i64.store 0
						local.get $out  i32.const 32  i32.add  local.set $out
						local.get $n  i32.const 1  i32.add  local.set $n
						local.get $in  i32.load16_u 40  i32.const 1  i32.and
						if ;; until a time
							local.get $in  i64.load 24  global.get $clock  i64.gt_u
							if
								local.get $in  i64.load 24  global.set $clock
							end
						else
							global.get $clock  local.get $in  i64.load 24  i64.add  global.set $clock
						end
					end
					local.get $in  i32.const 48  i32.add  local.set $in
					local.get $count  i32.const 1  i32.sub  local.set $count
					br 0
				end
			end
			local.get $n  i32.eqz
			if
				unreachable
			end
			local.get $fired  local.get $n  i32.store 0
			i32.const 0
		`,
	},

	// All descriptors are standard error. What is written becomes a log record when it ends a line: at error level where it begins like the last words of a Go
	// program, "panic: " or "fatal error: ", else, as the stack traces that follow, at info level. So the last error that a host hears of is
	// why the program trapped.
	"fd_write": {
		params: "fd:i32 vectors:i32 count:i32 written:i32", results: "i32", locals: "n:i32 total:i32",
		body: `
			block
				loop
					local.get $count  i32.eqz
					br_if 1
					local.get $vectors  i32.load 4  local.tee $n
					local.get $total  i32.add  local.set $total
					i32.const $log_capacity  global.get $logged  i32.sub
					local.get $n  i32.lt_u
					if
						i32.const $log_capacity  global.get $logged  i32.sub  local.set $n
					end
					i32.const $log_text  global.get $logged  i32.add
					local.get $vectors  i32.load 0
					local.get $n
					call $memory_copy
					global.get $logged  local.get $n  i32.add  global.set $logged
					local.get $vectors  i32.const 8  i32.add  local.set $vectors
					local.get $count  i32.const 1  i32.sub  local.set $count
					br 0
				end
			end
			local.get $written  local.get $total  i32.store 0
			global.get $logged  i32.const $log_end  i32.add  i32.load8_u 0  i32.const 10  i32.eq
			if
				i32.const 2 ;; info
				i32.const 0 ;; error
				i32.const $log_text  i32.load 0  local.tee $n
				i32.const 0x696e6170  i32.ne ;; "pani"
				local.get $n  i32.const 0x61746166  i32.ne ;; "fata"
				i32.and
				select
				call $flush
			end
			i32.const 0
		`,
	},

	"proc_exit": {
		params: "code:i32",
		body: `
			i32.const 0  call $flush ;; error
			unreachable
		`,
	},
}

// noStrings answers that there are none.
const noStrings = `
	local.get $count  i32.const 0  i32.store 0
	local.get $size  i32.const 0  i32.store 0
	i32.const 0
`

// flush logs the text that was written, without the newline at its end, where that leaves anything, and forgets it.
var flush = function{
	params: "level:i32", locals: "n:i32",
	body: `
		global.get $logged
		global.get $logged  i32.const $log_end  i32.add  i32.load8_u 0  i32.const 10  i32.eq
		i32.sub
		local.tee $n
		if
			i32.const $log_target  i64.const ` + targetWord + `  i64.store 0
			local.get $level
			i32.const $log_target  i64.extend_i32_u  i64.const ` + targetSpan + `  i64.or
			local.get $n  i64.extend_i32_u  i64.const 32  i64.shl
			i32.const $log_text  i64.extend_i32_u  i64.or
			call $log
		end
		i32.const 0  global.set $logged
		i32.const $log_text  i32.const 0  i32.store 0
	`,
}
