// Package blob makes a runtime that Substrate's hosts run of what Go's compiler makes.
package blob
