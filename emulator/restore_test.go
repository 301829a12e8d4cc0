package emulator

import (
	"strings"
	"testing"

	"github.com/fenghuo-soc/fenghuo/emulator/snapshot"
)

// TestSnapshotTypes: every field of every service can be written, or says that it is no state.
func TestSnapshotTypes(t *testing.T) {
	t.Parallel()
	if bad := snapshot.Check(startWith(t).cloud().state(&kept{}), known()); len(bad) > 0 {
		t.Errorf("name them in NoState and repair them in Restored:\n%s", strings.Join(bad, "\n"))
	}
}
