// Package lint holds the rules of the house that a compiler does not know, as tests: run go test ./internal/lint.
//
// Think of a reviewer who reads every line, never tires, and always says what to write instead. The rules:
//
//   - arrows: which room may import which, as ARCHITECTURE of the project lays it down (TestImports);
//   - determinism: no floats, no iteration over maps, no clocks and no randomness where the state of the chain is
//     computed (TestDeterminism);
//   - errors: lowercase, no full stop, no "failed to" (TestErrorWording); panics are for our own bugs and say so (TestPanics);
//   - documents: links lead somewhere, every command that the README shows is run by a test or by CI, the tutorial
//     can be followed, every package has a package text (TestLinks, TestReadmeCommands, TestTutorial, TestPackageDocs);
//   - files: formatted, and under a megabyte (TestFiles).
//
// Exceptions stand in a list with their reason, and an exception that is no longer needed fails the test too.
// Each rule is itself tested on a sample that breaks it.
//
// What a rule cannot see: code that builds only on other platforms, and errors whose text is put together elsewhere.
package lint
