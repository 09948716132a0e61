package amends

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// maxPlaces is how many places outside its folder a service may be named in.
const maxPlaces = 7

// known are files that name services and are no places of the checklist, each with
// its reason.
var known = map[string]string{
	"workflows/doctor/judge/judge.go":          "rules across services",
	"workflows/doctor/judge/holds.go":          "what an order holds is of three kinds: money, stock and parcels",
	"internal/dev/faults/faults.go":            "a fault is of one external system: the provider, or the carrier",
	"worker/holding/holding.go":                "the same, for the list of what needs an operator",
	"api/problem/table.go":                     "the one table from codes to HTTP, also for those that no order hides",
	"internal/database/provision/provision.go": "user is a word of PostgreSQL's URLs, too",
	"workflows/repay/repay.go":                 "the saga that pays back",
	"internal/orders/refund/refund.go":         "the same, asked for",
	"internal/orders/refund/records.go":        "the same, as it is recorded",
	"internal/orders/invoice/invoice.go":       "what was paid for an order, and paid back",
	"internal/identity/policy/table.go":        "who may call what; its test asks for the row of each step and method",
	"services/user/user.go":                    "support is a role, and its scope, too",
	"api/orders/access.go":                     "the same scope",
	"api/routes.go":                            "the same scope",
	"api/docs/docs.go":                         "the test tokens of the simulated provider",
	"web/shop/own/state.go":                    "the steps of an order in the words of a customer",
	"workflows/doctor/judge/imported.go":       "the stock that a monolith reserves, and mails that must not be",
	"services/order/course/exposure.go":        "the effects of the steps of a choreographed order, which its record shows",
}

// TestAServiceIsNamedOnlyWhereTheChecklistSays keeps the checklist for a new service
// complete and short. The order service and the read model are not measured: every room
// serves orders.
func TestAServiceIsNamedOnlyWhereTheChecklistSays(t *testing.T) {
	t.Parallel()

	text, err := os.ReadFile("docs/checklists/add-a-service.md")
	require.NoError(t, err)
	_, list, found := strings.Cut(string(text), "\n## Places\n")
	require.True(t, found)
	must, may, found := strings.Cut(list, "\n**Only if")
	require.True(t, found)
	places := listed(`(?m)^\d+\. `+"`([^`]+)`", must)
	require.NotEmpty(t, places)
	require.LessOrEqual(t, len(places), maxPlaces, "a service is named in too many places")
	allowed := slices.Concat(places, listed("(?m)^- `([^`]+)`", may))

	services, err := filepath.Glob("services/*/service.go")
	require.NoError(t, err)
	used := map[string]bool{}
	for _, path := range services {
		service := filepath.Base(filepath.Dir(path))
		if service == "order" || service == "query" {
			continue
		}
		for _, file := range naming(t, service) {
			i := slices.IndexFunc(allowed, func(place string) bool {
				place = strings.ReplaceAll(place, "loyalty", service)
				return file == place || strings.HasSuffix(place, "/") && strings.HasPrefix(file, place)
			})
			switch {
			case i >= 0:
				used[allowed[i]] = true
			case known[file] != "":
				used[file] = true
			default:
				t.Errorf("%s names the service %s and is no place of the checklist: let it follow from the registry", file, service)
			}
		}
	}
	for _, place := range allowed {
		require.True(t, used[place], "no service is named in %s: the checklist is stale", place)
	}
	for file := range known {
		require.True(t, used[file], "%s names no service any more", file)
	}
}

// listed returns the paths of a list.
func listed(pattern, text string) (paths []string) {
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		paths = append(paths, m[1])
	}
	return paths
}

// naming returns the files of the product, outside its folder, that import the
// service's packages, or have its name or the name of one of its steps as a string.
// The compose files count as deploy/.
func naming(t *testing.T, service string) (files []string) {
	t.Helper()
	own := "services/" + service
	for _, pkg := range listPackages(t) {
		if pkg.testOnly || pkg.path == own || strings.HasPrefix(pkg.path, own+"/") || strings.HasPrefix(pkg.path, "proof/") {
			continue
		}
		for _, name := range pkg.files {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(pkg.dir, name), nil, parser.ParseComments)
			require.NoError(t, err)
			if !ast.IsGenerated(file) && names(file, service) {
				files = append(files, pkg.path+"/"+name)
			}
		}
	}
	word := regexp.MustCompile(`(?i)(\b|_)` + service + `(\b|_)`)
	deployed := []string{"docker-compose.temporal.yml"}
	require.NoError(t, filepath.WalkDir("deploy", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			deployed = append(deployed, path)
		}
		return err
	}))
	for _, path := range deployed {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		if word.Match(text) {
			files = append(files, "deploy/"+filepath.Base(path))
		}
	}
	return files
}

// names reports whether a file names a service.
func names(file *ast.File, service string) (found bool) {
	ast.Inspect(file, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(literal.Value)
		found = found || err == nil && (text == service || strings.HasPrefix(text, service+".") ||
			strings.HasPrefix(text+"/", module+"/services/"+service+"/"))
		return true
	})
	return found
}
