package amends

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// layer is a package's place in the architecture. Patterns are paths below the
// module: * stands for one element, a final ** for any number of them, and $1, $2
// for what the first and second * of pkg matched.
type layer struct {
	pkg         string
	mayImport   string // of ours
	mustNotLink string // directly or not; see families
}

// families names what a package may be forbidden to link, by prefix of the
// import path, and why. Two more are rules of their own: "services" is every
// service but the package's own, "others" is all that is neither Go's nor ours.
var families = map[string]struct{ prefix, why string }{
	"temporal": {"go.temporal.io/", "services and their data know nothing of Temporal; activities adapt them"},
	"gorm":     {"gorm.io/", "rows belong to the stores"},
	"echo":     {"github.com/labstack/echo", "HTTP belongs to api"},
	"viper":    {"github.com/spf13/viper", "configuration belongs to internal/config"},
	"grpc":     {"google.golang.org/grpc", "the read model never acts: it has no client"},
	"outbox":   {module + "/event/outbox", "the read model never acts: it tells nothing"},
}

func TestImportsFollowTheLayers(t *testing.T) {
	t.Parallel()

	for _, pkg := range listPackages(t) {
		row, wild, ok := rowOf(pkg.path)
		if !ok {
			t.Errorf("package %q has no row in layers", pkg.path)
			continue
		}
		allowed := strings.Fields(expand(row.mayImport, wild))
		for _, imp := range pkg.imports {
			own, ours := ourPath(imp)
			if ours && !slices.ContainsFunc(allowed, func(p string) bool { _, ok := match(p, own); return ok }) {
				t.Errorf("%s imports %s; it may import only %v", pkg.path, own, allowed)
			}
		}
	}
}

// TestEveryRowIsNeeded keeps the rows as narrow as the imports: a permission that
// no package uses is one that the next change would use unseen.
func TestEveryRowIsNeeded(t *testing.T) {
	t.Parallel()

	used := map[string]bool{} // row + pattern
	for _, pkg := range listPackages(t) {
		row, wild, _ := rowOf(pkg.path)
		for pattern := range strings.FieldsSeq(row.mayImport) {
			for _, imp := range pkg.imports {
				if own, ours := ourPath(imp); ours {
					if _, ok := match(expand(pattern, wild), own); ok {
						used[row.pkg+" "+pattern] = true
					}
				}
			}
		}
	}
	for _, row := range layers {
		for pattern := range strings.FieldsSeq(row.mayImport) {
			if pattern != "**" && !used[row.pkg+" "+pattern] {
				t.Errorf("no package of the row %q imports %s", row.pkg, pattern)
			}
		}
	}
}

func TestPackagesStayLean(t *testing.T) {
	t.Parallel()

	for _, pkg := range listPackages(t) {
		row, _, _ := rowOf(pkg.path)
		for family := range strings.FieldsSeq(row.mustNotLink) {
			for _, dep := range pkg.links {
				if why := forbidden(family, pkg.path, dep); why != "" {
					t.Errorf("%s links %s: %s", pkg.path, dep, why)
				}
			}
		}
	}
}

func TestProductLinksNoProof(t *testing.T) {
	t.Parallel()

	for _, pkg := range listPackages(t) {
		if ofProof(pkg.path) || pkg.testOnly {
			continue
		}
		for _, dep := range pkg.links {
			if own, ours := ourPath(dep); ours && ofProof(own) {
				t.Errorf("%s links %s, which is no part of the product", pkg.path, own)
			}
		}
	}
}

// ofProof says whether a package breaks or measures the product. The load
// generator is the exception: `amends load` is a command.
func ofProof(path string) bool {
	return strings.HasPrefix(path, "proof/") && path != "proof/load"
}

func TestEveryRowHasAPackage(t *testing.T) {
	t.Parallel()

	used := map[string]bool{}
	for _, pkg := range listPackages(t) {
		row, _, _ := rowOf(pkg.path)
		used[row.pkg] = true
	}
	for _, row := range layers {
		if !used[row.pkg] {
			t.Errorf("the row %q of layers matches no package", row.pkg)
		}
	}
}

// forbidden returns why a package must not link dep, or "".
func forbidden(family, pkg, dep string) string {
	own, ours := ourPath(dep)
	switch family {
	case "services":
		mine, _ := serviceOf(pkg)
		if other, ok := serviceOf(own); ours && ok && other != mine {
			return "services do not know each other"
		}
	case "others":
		if first, _, _ := strings.Cut(dep, "/"); !ours && strings.Contains(first, ".") {
			return "this is for everybody, so it needs nobody"
		}
	default:
		if f := families[family]; strings.HasPrefix(dep, f.prefix) {
			return f.why
		}
	}
	return ""
}

// rowOf returns the row of a package, and what its wildcards matched.
func rowOf(pkg string) (layer, []string, bool) {
	for _, row := range layers {
		if wild, ok := match(row.pkg, pkg); ok {
			return row, wild, true
		}
	}
	return layer{}, nil, false
}

// match matches a path against a pattern of layers.
func match(pattern, path string) (wild []string, ok bool) {
	want, have := strings.Split(pattern, "/"), strings.Split(path, "/")
	for i, w := range want {
		switch {
		case w == "**":
			return wild, len(have) > i
		case i >= len(have) || w != "*" && w != have[i]:
			return nil, false
		case w == "*":
			wild = append(wild, have[i])
		}
	}
	return wild, len(want) == len(have)
}

// expand replaces $1 and $2 by what the wildcards matched.
func expand(patterns string, wild []string) string {
	for i, w := range wild {
		patterns = strings.ReplaceAll(patterns, "$"+string(rune('1'+i)), w)
	}
	return patterns
}

// serviceOf returns the service that a package belongs to.
func serviceOf(pkg string) (name string, ok bool) {
	rest, ok := strings.CutPrefix(pkg, "services/")
	name, _, _ = strings.Cut(rest, "/")
	return name, ok
}

func TestPatternsMatchAsTheySay(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		pattern, path string
		wild          []string
		ok            bool
	}{
		{"saga", "saga", nil, true},
		{"saga", "saga/key", nil, false},
		{"services/*", "services/order", []string{"order"}, true},
		{"services/*", "services/order/store", nil, false},
		{"services/*/*/simulator", "services/payment/provider/simulator", []string{"payment", "provider"}, true},
		{"internal/**", "internal/a/b", nil, true},
		{"internal/**", "internal", nil, false},
		{".", ".", nil, true},
	} {
		wild, ok := match(c.pattern, c.path)
		require.Equal(t, c.ok, ok, "%s on %s", c.pattern, c.path)
		if ok {
			require.Equal(t, c.wild, wild, "%s on %s", c.pattern, c.path)
		}
	}
	require.Equal(t, "services/payment/provider", expand("services/$1/$2", []string{"payment", "provider"}))

	require.NotEmpty(t, forbidden("services", "services/order/store", module+"/services/catalog"))
	require.Empty(t, forbidden("services", "services/order/store", module+"/services/order"))
	require.NotEmpty(t, forbidden("others", "fault", "github.com/google/uuid"))
	require.Empty(t, forbidden("others", "fault", "crypto/sha256"))
	require.NotEmpty(t, forbidden("gorm", "saga", "gorm.io/gorm"))
}
