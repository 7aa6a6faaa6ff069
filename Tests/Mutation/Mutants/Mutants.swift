// What the places of mutation become in a rewritten copy of the sources: each is what it was, unless its mutant is alive.
import MutantSwitch

// MARK: - Comparisons: the first mutant moves the boundary, the next one turns the comparison round.

@inlinable @inline(__always)
public func mutantLess<T: Comparable>(_ number: Int32, _ a: T, _ b: T) -> Bool {
  if mutant_is(number) { return a <= b }
  return mutant_is(number + 1) ? a >= b : a < b
}

@inlinable @inline(__always)
public func mutantAtMost<T: Comparable>(_ number: Int32, _ a: T, _ b: T) -> Bool {
  if mutant_is(number) { return a < b }
  return mutant_is(number + 1) ? a > b : a <= b
}

@inlinable @inline(__always)
public func mutantMore<T: Comparable>(_ number: Int32, _ a: T, _ b: T) -> Bool {
  if mutant_is(number) { return a >= b }
  return mutant_is(number + 1) ? a <= b : a > b
}

@inlinable @inline(__always)
public func mutantAtLeast<T: Comparable>(_ number: Int32, _ a: T, _ b: T) -> Bool {
  if mutant_is(number) { return a > b }
  return mutant_is(number + 1) ? a < b : a >= b
}

@inlinable @inline(__always)
public func mutantMin<T: Comparable>(_ number: Int32, _ a: T, _ b: T) -> T {
  mutant_is(number) ? max(a, b) : min(a, b)
}

@inlinable @inline(__always)
public func mutantMax<T: Comparable>(_ number: Int32, _ a: T, _ b: T) -> T {
  mutant_is(number) ? min(a, b) : max(a, b)
}

// MARK: - Logic

/// Of equalities, negations and the constants true and false.
@inlinable @inline(__always)
public func mutantNot(_ number: Int32, _ value: Bool) -> Bool { mutant_is(number) ? !value : value }

@inlinable @inline(__always)
public func mutantAnd(_ number: Int32, _ a: Bool, _ b: @autoclosure () throws -> Bool) rethrows -> Bool {
  mutant_is(number) ? try a || b() : try a && b()
}

@inlinable @inline(__always)
public func mutantOr(_ number: Int32, _ a: Bool, _ b: @autoclosure () throws -> Bool) rethrows -> Bool {
  mutant_is(number) ? try a && b() : try a || b()
}

// MARK: - Signs

/// Of the right side of `+=` and `-=`, and of what has a minus before it.
@inlinable @inline(__always)
public func mutantSign<T: SignedNumeric>(_ number: Int32, _ value: T) -> T { mutant_is(number) ? -value : value }

/// Of the right side of `*=` and `/=`.
@inlinable @inline(__always)
public func mutantInverse<T: BinaryFloatingPoint>(_ number: Int32, _ value: T) -> T {
  mutant_is(number) ? 1 / value : value
}

// MARK: - Arithmetic and constants, of one type each, so that the type checker has nothing to choose

@inlinable @inline(__always)
public func mutantPlusDouble(_ number: Int32, _ a: Double, _ b: Double) -> Double { mutant_is(number) ? a - b : a + b }

@inlinable @inline(__always)
public func mutantMinusDouble(_ number: Int32, _ a: Double, _ b: Double) -> Double { mutant_is(number) ? a + b : a - b }

@inlinable @inline(__always)
public func mutantTimesDouble(_ number: Int32, _ a: Double, _ b: Double) -> Double { mutant_is(number) ? a / b : a * b }

@inlinable @inline(__always)
public func mutantOverDouble(_ number: Int32, _ a: Double, _ b: Double) -> Double { mutant_is(number) ? a * b : a / b }

@inlinable @inline(__always)
public func mutantPlusFloat(_ number: Int32, _ a: Float, _ b: Float) -> Float { mutant_is(number) ? a - b : a + b }

@inlinable @inline(__always)
public func mutantMinusFloat(_ number: Int32, _ a: Float, _ b: Float) -> Float { mutant_is(number) ? a + b : a - b }

@inlinable @inline(__always)
public func mutantTimesFloat(_ number: Int32, _ a: Float, _ b: Float) -> Float { mutant_is(number) ? a / b : a * b }

@inlinable @inline(__always)
public func mutantOverFloat(_ number: Int32, _ a: Float, _ b: Float) -> Float { mutant_is(number) ? a * b : a / b }

@inlinable @inline(__always)
public func mutantPlusInt(_ number: Int32, _ a: Int, _ b: Int) -> Int { mutant_is(number) ? a - b : a + b }

@inlinable @inline(__always)
public func mutantMinusInt(_ number: Int32, _ a: Int, _ b: Int) -> Int { mutant_is(number) ? a + b : a - b }

@inlinable @inline(__always)
public func mutantTimesInt(_ number: Int32, _ a: Int, _ b: Int) -> Int { mutant_is(number) ? a / b : a * b }

@inlinable @inline(__always)
public func mutantOverInt(_ number: Int32, _ a: Int, _ b: Int) -> Int { mutant_is(number) ? a * b : a / b }

@inlinable @inline(__always)
public func mutantDouble(_ number: Int32, _ value: Double, _ other: Double) -> Double {
  mutant_is(number) ? other : value
}

@inlinable @inline(__always)
public func mutantFloat(_ number: Int32, _ value: Float, _ other: Float) -> Float { mutant_is(number) ? other : value }

@inlinable @inline(__always)
public func mutantInt(_ number: Int32, _ value: Int, _ other: Int) -> Int { mutant_is(number) ? other : value }

@inlinable @inline(__always)
public func mutantUInt64(_ number: Int32, _ value: UInt64, _ other: UInt64) -> UInt64 {
  mutant_is(number) ? other : value
}
