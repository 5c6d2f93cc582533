// Package conformance holds the runtime against clients that nobody here wrote.
package conformance
