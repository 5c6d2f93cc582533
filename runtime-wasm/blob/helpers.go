package blob

// The functions that stand for instructions which WebAssembly 1.0 lacks. Each does what the specification says of its instruction, for every
// operand, and is added only where the module uses the instruction.

// memoryGrow is memory.grow of the module: the pages up to $limit are there from the beginning, and it only moves the boundary up to which they
// count as the module's own. It answers the former boundary in pages, or -1.
var memoryGrow = function{
	params: "delta:i32", results: "i32",
	body: `
		local.get $delta
		i32.const $limit  global.get $brk  i32.sub
		i32.gt_u
		if
			i32.const -1  return
		end
		global.get $brk
		global.get $brk  local.get $delta  i32.add  global.set $brk
	`,
}

// checkRange traps, like an access outside of memory, where [at, at+n) is not within memory.
var checkRange = function{
	params: "at:i32 n:i32",
	body: `
		local.get $at  i64.extend_i32_u  local.get $n  i64.extend_i32_u  i64.add
		memory.size  i64.extend_i32_u  i64.const 16  i64.shl
		i64.gt_u
		if
			i32.const -1  i32.load 0  drop
		end
	`,
}

// memoryCopy is memory.copy. Nothing is written where either range is outside of memory.
//
// Up to 32 bytes are all read before the first is written, which is right however the ranges overlap. Of longer ones the last 32 bytes (first, going down) are
// read beforehand and written at the end, so that the loop need not stop short of a remainder. It goes down where dst lies within the source.
// Accesses begin at the highest address, because engines that know one to be inside memory need not check those below it.
var memoryCopy = function{
	params: "dst:i32 src:i32 n:i32",
	locals: "a:i64 b:i64 c:i64 d:i64 w:i64 x:i64 y:i64 z:i64 end:i32 s:i32",
	body: `
		local.get $dst  local.get $n  call $check_range
		local.get $src  local.get $n  call $check_range

		local.get $n  i32.const 16  i32.le_u
		if
			local.get $n  i32.const 8  i32.ge_u
			if
				local.get $src  i64.load 0  local.set $a
				local.get $src  local.get $n  i32.add  i32.const 8  i32.sub  i64.load 0  local.set $b
				local.get $dst  local.get $a  i64.store 0
				local.get $dst  local.get $n  i32.add  i32.const 8  i32.sub  local.get $b  i64.store 0
				return
			end
			local.get $n  i32.const 4  i32.ge_u
			if
				local.get $src  i32.load 0  local.set $end
				local.get $src  local.get $n  i32.add  i32.const 4  i32.sub  i32.load 0  local.set $s
				local.get $dst  local.get $end  i32.store 0
				local.get $dst  local.get $n  i32.add  i32.const 4  i32.sub  local.get $s  i32.store 0
				return
			end
			local.get $n  i32.eqz
			if
				return
			end
			local.get $src  i32.load8_u 0  local.set $end ;; the first byte, the middle one, the last
			local.get $src  local.get $n  i32.const 1  i32.shr_u  i32.add  i32.load8_u 0  i64.extend_i32_u  local.set $a
			local.get $src  local.get $n  i32.add  i32.const 1  i32.sub  i32.load8_u 0  local.set $s
			local.get $dst  local.get $end  i32.store8 0
			local.get $dst  local.get $n  i32.const 1  i32.shr_u  i32.add  local.get $a  i32.wrap_i64  i32.store8 0
			local.get $dst  local.get $n  i32.add  i32.const 1  i32.sub  local.get $s  i32.store8 0
			return
		end

		local.get $n  i32.const 32  i32.le_u
		if
			local.get $src  i64.load 8  local.set $b
			local.get $src  i64.load 0  local.set $a
			local.get $src  local.get $n  i32.add  i32.const 16  i32.sub  local.tee $s
			i64.load 8  local.set $d
			local.get $s  i64.load 0  local.set $c
			local.get $dst  local.get $b  i64.store 8
			local.get $dst  local.get $a  i64.store 0
			local.get $dst  local.get $n  i32.add  i32.const 16  i32.sub  local.tee $s
			local.get $d  i64.store 8
			local.get $s  local.get $c  i64.store 0
			return
		end

		local.get $dst  local.get $src  i32.sub  local.get $n  i32.ge_u
		if
			;; upwards: the last 32 bytes are in $w to $z
			local.get $src  local.get $n  i32.add  i32.const 32  i32.sub  local.tee $end
			i64.load 24  local.set $z
			local.get $end  i64.load 16  local.set $y
			local.get $end  i64.load 8  local.set $x
			local.get $end  i64.load 0  local.set $w
			local.get $dst  local.get $n  i32.add  i32.const 32  i32.sub  local.set $end
			loop
				local.get $src  i64.load 24  local.set $d
				local.get $src  i64.load 16  local.set $c
				local.get $src  i64.load 8  local.set $b
				local.get $src  i64.load 0  local.set $a
				local.get $dst  local.get $d  i64.store 24
				local.get $dst  local.get $c  i64.store 16
				local.get $dst  local.get $b  i64.store 8
				local.get $dst  local.get $a  i64.store 0
				local.get $src  i32.const 32  i32.add  local.set $src
				local.get $dst  i32.const 32  i32.add  local.tee $dst
				local.get $end  i32.lt_u
				br_if 0
			end
			local.get $end  local.get $z  i64.store 24
			local.get $end  local.get $y  i64.store 16
			local.get $end  local.get $x  i64.store 8
			local.get $end  local.get $w  i64.store 0
			return
		end

		;; downwards: the first 32 bytes are in $w to $z, $end is where they go, $s and $n are the next 32 bytes from above
		local.get $src  i64.load 24  local.set $z
		local.get $src  i64.load 16  local.set $y
		local.get $src  i64.load 8  local.set $x
		local.get $src  i64.load 0  local.set $w
		local.get $dst  local.set $end
		local.get $src  local.get $n  i32.add  i32.const 32  i32.sub  local.set $s
		local.get $dst  local.get $n  i32.add  i32.const 32  i32.sub  local.set $n
		loop
			local.get $s  i64.load 24  local.set $d
			local.get $s  i64.load 16  local.set $c
			local.get $s  i64.load 8  local.set $b
			local.get $s  i64.load 0  local.set $a
			local.get $n  local.get $d  i64.store 24
			local.get $n  local.get $c  i64.store 16
			local.get $n  local.get $b  i64.store 8
			local.get $n  local.get $a  i64.store 0
			local.get $s  i32.const 32  i32.sub  local.set $s
			;; $n goes below $end, by less than 32, but never below 0: then $end is 0 to 31
			local.get $n  local.get $end  i32.sub  i32.const 32  i32.gt_u
			if
				local.get $n  i32.const 32  i32.sub  local.set $n
				br 1
			end
		end
		local.get $end  local.get $z  i64.store 24
		local.get $end  local.get $y  i64.store 16
		local.get $end  local.get $x  i64.store 8
		local.get $end  local.get $w  i64.store 0
	`,
}

// memoryFill is memory.fill, on the same plan.
var memoryFill = function{
	params: "dst:i32 value:i32 n:i32",
	locals: "v:i64 end:i32",
	body: `
		local.get $dst  local.get $n  call $check_range
		local.get $value  i64.extend_i32_u  i64.const 0xff  i64.and  i64.const 0x0101010101010101  i64.mul  local.set $v
		local.get $dst  local.get $n  i32.add  local.set $end

		local.get $n  i32.const 8  i32.lt_u
		if
			local.get $n  i32.const 4  i32.ge_u
			if
				local.get $dst  local.get $v  i32.wrap_i64  i32.store 0
				local.get $end  i32.const 4  i32.sub  local.get $v  i32.wrap_i64  i32.store 0
				return
			end
			local.get $n  i32.eqz
			if
				return
			end
			local.get $dst  local.get $value  i32.store8 0
			local.get $dst  local.get $n  i32.const 1  i32.shr_u  i32.add  local.get $value  i32.store8 0
			local.get $end  i32.const 1  i32.sub  local.get $value  i32.store8 0
			return
		end
		local.get $n  i32.const 32  i32.gt_u
		if
			local.get $end  i32.const 32  i32.sub  local.set $end
			loop
				local.get $dst  local.get $v  i64.store 24
				local.get $dst  local.get $v  i64.store 16
				local.get $dst  local.get $v  i64.store 8
				local.get $dst  local.get $v  i64.store 0
				local.get $dst  i32.const 32  i32.add  local.tee $dst
				local.get $end  i32.lt_u
				br_if 0
			end
			local.get $end  local.get $v  i64.store 24
			local.get $end  local.get $v  i64.store 16
			local.get $end  local.get $v  i64.store 8
			local.get $end  local.get $v  i64.store 0
			return
		end
		local.get $n  i32.const 16  i32.ge_u
		if
			local.get $dst  local.get $v  i64.store 8
			local.get $end  i32.const 16  i32.sub  local.get $v  i64.store 0
		end
		local.get $dst  local.get $v  i64.store 0
		local.get $end  i32.const 8  i32.sub  local.get $v  i64.store 0
	`,
}

// saturating returns the saturating conversion of the float type from to the integer type to. Values from high on give most,
// those at or below low (below it, where floats of that type have no value between low and the last integer) give least, what is no number gives 0.
func saturating(from, to, sign, below, low, least, high, most string) function {
	return function{
		params: "x:" + from, results: to,
		body: `
			local.get $x  local.get $x  ` + from + `.ne
			if
				` + to + `.const 0  return
			end
			local.get $x  ` + from + `.const ` + low + `  ` + from + `.` + below + `  i32.eqz
			if
				` + to + `.const ` + least + `  return
			end
			local.get $x  ` + from + `.const ` + high + `  ` + from + `.ge
			if
				` + to + `.const ` + most + `  return
			end
			local.get $x  ` + to + `.trunc_` + from + `_` + sign + `
		`,
	}
}

// saturations are the saturating conversions by the number behind their prefix byte.
var saturations = [8]function{
	saturating("f32", "i32", "s", "ge", "-2147483648", "-2147483648", "2147483648", "2147483647"),
	saturating("f32", "i32", "u", "gt", "-1", "0", "4294967296", "-1"),
	saturating("f64", "i32", "s", "gt", "-2147483649", "-2147483648", "2147483648", "2147483647"),
	saturating("f64", "i32", "u", "gt", "-1", "0", "4294967296", "-1"),
	saturating("f32", "i64", "s", "ge", "-9223372036854775808", "-9223372036854775808", "9223372036854775808", "9223372036854775807"),
	saturating("f32", "i64", "u", "gt", "-1", "0", "18446744073709551616", "-1"),
	saturating("f64", "i64", "s", "ge", "-9223372036854775808", "-9223372036854775808", "9223372036854775808", "9223372036854775807"),
	saturating("f64", "i64", "u", "gt", "-1", "0", "18446744073709551616", "-1"),
}
