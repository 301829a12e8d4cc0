// Package assume keeps the list of what the emulator and the product assume where the behaviour of the cloud is not
// documented, README.md, and checks that list against the code.
//
// An assumption stands in one small declaration whose comment has a sentence that begins with "Assumption:". Its row in
// README.md names file and declaration; a test fails when one is without the other. To add an assumption, write the
// comment and give its row the next free number. When the real behaviour becomes known, change the code, delete the
// comment and the row, and leave the number unused.
//
// The folder is also the place for probes of the real service, one file a question, named by the number of the row and
// off by default. There are none yet. Do not put code here that the emulator needs.
package assume
