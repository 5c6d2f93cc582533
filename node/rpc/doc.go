// Package rpc has the methods that a node answers over JSON-RPC: those of a Substrate node, under its names, with its results and its errors.
package rpc
