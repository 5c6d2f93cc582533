// Command guest is package seam as a program for Wasm. Elsewhere it is empty.
package main

func main() {}
