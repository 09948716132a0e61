package floor

import (
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed *.go
var source embed.FS

// Hash returns the SHA-256, in hex, of this package's source without its tests,
// file by file in the order of their names, each with its name and length before
// it. Results with the same hash are of the same floor.
func Hash() (string, error) {
	names, err := fs.Glob(source, "*.go")
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := fs.ReadFile(source, name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s %d\n%s", name, len(text), text)
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), nil
}
