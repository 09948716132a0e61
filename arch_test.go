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

// layers is the architecture. The first row that matches a package is its row; a
// package without one fails the test, so a new directory takes its place here
// before it compiles into something. So does a row without a package.
//
// Packages that hold tests only are checked by what the tests import; for the
// others the tests are free, because a test may well stand on top of everything.
var layers = []layer{
	{"cmd/amends", "cmd/amends/internal/** internal/config", ""},
	{"cmd/amends/internal/**", "cmd/amends/internal/** event api api/contract api/edge api/operator worker worker/registry workflows workflows/doctor services/catalog services/inventory services/inventory/rpc services/user services/user/rpc internal/** proof/load fault event/inbox/waiting event/outbox services/catalog/rpc services/order/rpc api/shop services/*/rpc", ""},
	{"worker", "services/user event event/outbox worker/events worker/registry worker/tries workflows workflows/doctor services/catalog services/inventory services/*/store saga saga/participant internal/background internal/database internal/discovery internal/discovery/meter internal/doctor internal/engine internal/engine/* internal/orders/sagas internal/process internal/rpc internal/telemetry internal/watch internal/watch/* fault event/inbox/waiting", "echo"},
	{"worker/registry", "event/lease activities event services/** saga internal/database internal/watch fault event/inbox/waiting event/inbox event/outbox/compare", "echo"},
	{"worker/tries", "fault saga saga/participant worker/registry", "echo viper"},
	{"worker/events", "event event/inbox event/inbox/waiting event/outbox internal/process internal/telemetry worker/registry", "echo viper"},
	{"api", "api/contract api/docs api/edge api/edge/caller api/edge/deprecated api/edge/limit api/edge/shed api/operator api/orders api/problem api/retry api/shop api/shop/overview internal/orders internal/orders/admission internal/probe fault", "gorm viper"},
	{"api/client", "", "temporal gorm echo viper"},
	{"api/contract", "", "temporal gorm viper"},
	{"api/body", "api/body/schema internal/strictjson api/contract api/edge/header api/problem", "gorm viper"},
	{"api/body/schema", "api/contract api/problem fault internal/money internal/strictjson internal/text", "gorm viper"},
	{"api/docs", "api/contract api/edge api/problem", "gorm viper"},
	{"api/operator", "fault api/contract api/body api/edge api/edge/header api/orders api/problem internal/orders internal/orders/read internal/text saga", "gorm viper"},
	{"api/orders", "api/contract api/body api/body/schema api/edge/header api/problem internal/orders internal/orders/read internal/text workflows saga internal/money", "gorm viper"},
	{"api/shop", "api/body api/body/schema api/contract api/gather api/problem api/retry services/catalog services/inventory services/payment services/shipping fault", "gorm viper"},
	{"api/shop/overview", "api/contract api/gather api/orders api/shop internal/orders/read services/payment services/shipping fault", "gorm viper"},
	{"api/gather", "api/problem fault", "gorm viper"},
	{"api/retry", "fault", "temporal gorm echo viper"},
	{"api/edge", "api/edge/header api/problem fault internal/text", "gorm viper"},
	{"api/edge/caller", "", "temporal gorm viper"},
	{"api/edge/deprecated", "api/edge/caller", "temporal gorm viper"},
	{"api/edge/header", "api/problem internal/text", "gorm viper"},
	{"api/edge/limit", "api/edge/caller api/problem internal/quota", "gorm viper"},
	{"api/edge/shed", "api/problem internal/orders/admission", "gorm viper"},
	{"api/problem", "api/contract internal/orders/place internal/orders/read internal/text saga workflows fault", "gorm viper"},
	{"workflows", "activities services/* saga saga/ledger fault internal/money", "gorm viper echo"},
	{"workflows/doctor", "workflows/doctor/judge activities services/order saga/audit saga/ledger", "gorm viper echo"},
	{"workflows/doctor/judge", "activities services/*/audit services/order saga/audit internal/money", "gorm viper echo"},
	{"activities", "services/* services/user/password services/payment/posting services/*/audit saga saga/audit saga/ledger fault", "gorm echo"},

	{"services/*/store", "services/$1 services/$1/audit services/$1/audit/compare services/$1/posting services/$1/allocation services/$1/store/facts saga/barrier saga/barrier/pages saga/barrier/txn saga/key saga/audit saga/ledger fault internal/database internal/money event event/outbox event/outbox/compare services/$1/transfer services/$1/store/patience services/$1/store/step", "temporal services echo"},
	{"services/user", "event fault internal/identity/token internal/text", "temporal gorm echo services"},
	{"services/user/password", "fault", "temporal gorm echo services"},
	{"services/user/secret", "", "others"},
	{"services/user/store", "services/user services/user/password services/user/secret services/user/store/* saga/barrier fault internal/database event/outbox", "temporal services echo"},
	{"services/user/store/rows", "services/user services/user/password services/user/secret services/user/store/ended services/user/store/signing event event/outbox fault internal/database internal/identity/token", "temporal services echo"},
	{"services/user/store/entry", "services/user services/user/secret services/user/store/ended services/user/store/failed services/user/store/rows event/outbox fault internal/database internal/identity/token", "temporal services echo"},
	{"services/user/store/own", "services/user services/user/secret services/user/store/failed services/user/store/rows event/outbox fault internal/database", "temporal services echo"},
	{"services/user/store/gate", "services/user services/user/secret services/user/store/ended services/user/store/rows fault internal/database internal/identity/token", "temporal services echo"},
	{"services/user/store/staff", "services/user services/user/store/rows fault internal/database", "temporal services echo"},
	{"services/user/store/signing", "internal/identity/token fault", "temporal services echo"},
	{"services/user/store/ended", "internal/identity/token", "temporal services echo"},
	{"services/user/store/failed", "services/user fault", "temporal services echo"},
	{"services/user/rpc", "services/user services/user/rpc/* fault internal/identity/token internal/rpc/wire", "temporal gorm echo viper services"},
	{"services/*/rpc", "services/$1 services/$1/rpc/* saga/ledger fault internal/money internal/rpc/wire", "temporal gorm echo viper services"},
	{"services/*/rpc/*", "internal/rpc/wire/wirepb", "temporal gorm echo viper services"},
	{"services/*/store/step", "services/$1 event event/outbox saga/key fault", "temporal services echo"},
	{"services/*/store/patience", "fault", "others"},
	{"services/*/store/facts", "services/$1 services/$1/audit saga/barrier saga/key", "temporal services echo"},
	{"services/*/audit", "services/$1 saga/audit saga/ledger internal/money", "temporal gorm echo services"},
	{"services/*/audit/compare", "services/$1 services/$1/audit services/$1/provider services/$1/transfer services/$1/carrier saga/audit saga/key saga/ledger internal/money", "temporal gorm echo services"},
	{"services/*/*/simulator", "services/$1/$2 fault internal/database internal/money", "temporal echo services"},
	{"services/inventory/allocation", "services/inventory fault", "others"},
	{"services/payment/posting", "fault internal/money", "others"},
	{"services/payment/transfer", "fault internal/money saga/key", "others"},
	{"services/payment/provider", "internal/money", "temporal gorm echo services"},
	{"services/shipping/carrier", "", "temporal gorm echo services"},
	{"services/*", "services/$1/provider services/$1/carrier services/$1/posting services/$1/transfer event saga/key saga/ledger saga/once saga/progress fault internal/money internal/text", "temporal gorm echo services"},

	{"saga", "saga/key saga/ledger saga/progress fault", "gorm echo viper"},
	{"saga/key", "", "others"},
	{"saga/ledger", "fault", "others"},
	{"saga/progress", "", "others"},
	{"saga/audit", "saga/key saga/ledger", "others"},
	{"saga/participant", "saga saga/participant/participantpb fault", "gorm echo viper services"},
	{"saga/participant/participantpb", "", "temporal gorm echo viper services"},
	{"saga/once", "saga/key saga/ledger fault", "others"},
	{"saga/sagatest", "saga/sagatest/schedule saga/sagatest/stage", "gorm echo"},
	{"saga/sagatest/stage", "saga/sagatest/schedule saga/sagatest/state saga fault", "gorm echo"},
	{"saga/sagatest/schedule", "", "others"},
	{"saga/sagatest/state", "saga/sagatest/schedule", "gorm echo"},
	{"saga/barrier", "saga/barrier/compare saga/barrier/pages saga/barrier/traced saga/barrier/txn saga/audit saga/key saga/ledger fault", "temporal echo viper"},
	{"saga/barrier/compare", "", "others"},
	{"saga/barrier/pages", "saga/audit", "temporal echo viper"},
	{"saga/barrier/traced", "saga/ledger", "temporal gorm echo viper"},
	{"saga/barrier/txn", "fault", "temporal echo viper"},

	{"event", "fault", "others"},
	{"event/jetstream", "event fault internal/background", "temporal gorm echo viper"},
	{"event/kafka", "event fault internal/background", "temporal gorm echo viper"},
	{"event/eventtest", "event fault", "temporal gorm echo viper"},
	{"event/inbox", "event event/inbox/* event/traced saga/barrier/txn fault event/lease internal/background", "temporal echo viper"},
	{"event/inbox/busy", "", "others"},
	{"event/inbox/handler", "event event/traced fault", "temporal gorm echo viper"},
	{"event/lease", "saga/barrier/txn fault", "temporal echo viper"},
	{"event/inbox/waiting", "event event/lease saga/barrier/txn fault internal/text", "temporal echo viper"},
	{"event/traced", "event fault", "temporal gorm echo viper"},
	{"event/outbox/compare", "event event/outbox saga/audit saga/barrier saga/key", "temporal echo viper"},
	{"event/outbox/retention", "saga/barrier/txn", "temporal echo viper"},
	{"event/outbox", "event event/lease event/outbox/retention event/traced saga/barrier saga/barrier/txn saga/key fault internal/background", "temporal echo viper"},

	{"fault", "", "others"},
	{"internal/money", "fault", "others"},
	{"internal/strictjson", "fault", "others"},
	{"internal/text", "", "others"},
	{"internal/quota", "", "others"},
	{"internal/database", "internal/database/pipeline internal/database/session internal/database/sqlite internal/database/traced saga/barrier/txn fault", "temporal echo viper"},
	{"internal/database/session", "", "temporal gorm echo viper"},
	{"internal/database/sqlite", "internal/database/traced saga/barrier/txn fault", "temporal echo viper"},
	{"internal/database/provision", "internal/database fault", "temporal echo viper"},
	{"internal/database/traced", "", "temporal gorm echo viper"},
	{"internal/database/pipeline", "saga/barrier/txn", "temporal echo viper"},
	{"internal/config", "internal/config/* internal/engine internal/identity internal/identity/secrets", "gorm echo"},
	{"internal/config/broker", "internal/config/secret internal/config/setting", "temporal gorm echo"},
	{"internal/config/edge", "internal/config/setting internal/quota", "temporal gorm echo"},
	{"internal/config/service", "internal/config/secret internal/config/setting", "temporal gorm echo"},
	{"internal/config/secret", "", "others"},
	{"internal/config/setting", "internal/config/secret", "temporal gorm echo"},
	{"internal/telemetry", "internal/identity", "gorm echo viper"},
	{"internal/engine", "internal/background internal/engine/attempt fault", "gorm echo viper"},
	{"internal/engine/attempt", "", "gorm echo viper"},
	{"internal/engine/claim", "internal/engine fault", "gorm echo viper"},
	{"internal/engine/namespace", "internal/background internal/engine fault", "gorm echo viper"},
	{"internal/engine/clock", "internal/background internal/engine", "gorm echo viper"},
	{"internal/bus", "event event/jetstream event/kafka internal/identity/bundle", "temporal gorm echo viper"},
	{"internal/dev/broker", "internal/dev/folder internal/dev/loopback", "temporal gorm echo viper"},
	{"internal/identity", "", "others"},
	{"internal/identity/policy", "internal/identity fault", "others"},
	{"internal/identity/bundle", "", "others"},
	{"internal/identity/files", "internal/identity internal/identity/bundle internal/identity/reload internal/background fault", "temporal gorm echo viper"},
	{"internal/identity/reload", "", "others"},
	{"internal/identity/web", "internal/background internal/identity/bundle internal/identity/reload", "temporal gorm echo viper"},
	{"internal/identity/issuer", "internal/identity internal/dev/folder", "others"},
	{"internal/identity/secrets", "internal/identity internal/dev/folder", "others"},
	{"internal/identity/access", "internal/identity internal/identity/files internal/identity/policy internal/identity/secrets fault", "temporal gorm echo viper"},
	{"internal/identity/token", "fault", "temporal gorm echo viper services"},
	{"internal/dev/child", "", "others"},
	{"internal/dev/loopback", "", "others"},
	{"internal/dev/folder", "", "others"},
	{"internal/dev/postgres", "internal/dev/loopback", "temporal gorm echo viper"},
	{"internal/dev/temporalserver", "deploy internal/dev/child internal/dev/loopback", "gorm echo viper"},
	{"internal/dev/temporal", "internal/dev/child internal/dev/loopback", "gorm echo viper"},
	{"internal/show", "", "temporal gorm echo viper"},
	{"internal/show/doctorreport", "internal/show workflows/doctor workflows/doctor/judge", "gorm echo viper"},
	{"internal/show/loadreport", "internal/show proof/load", "gorm echo viper"},
	{"internal/show/orderview", "internal/show internal/watch internal/watch/stuck workflows", "gorm echo viper"},
	{"internal/asyncapi", "event", "temporal gorm echo viper"},
	{"internal/asyncapi/generate", "internal/asyncapi worker/registry", "echo viper"},
	{"internal/background", "", "temporal gorm echo viper"},
	{"internal/rpc", "fault", "temporal gorm echo viper services"},
	{"internal/rpc/wire", "internal/rpc/wire/wirepb internal/money fault", "temporal gorm echo viper"},
	{"internal/rpc/wire/wirepb", "", "temporal gorm echo viper"},
	{"internal/process", "", "temporal gorm echo viper"},
	{"internal/replay", "workflows workflows/doctor", "gorm echo viper"},
	{"proof/load", "api/client services/order", "temporal gorm echo viper"},
	{"internal/discovery", "", "others"},
	{"internal/discovery/balance", "", "temporal gorm echo viper"},
	{"internal/discovery/kv", "internal/discovery", "temporal gorm echo viper"},
	{"internal/discovery/meter", "internal/discovery internal/discovery/balance internal/discovery/resolve", "temporal gorm echo viper"},
	{"internal/discovery/resolve", "internal/discovery internal/discovery/balance", "temporal gorm echo viper"},
	{"internal/demo", "services/catalog services/inventory services/user internal/dev/folder fault internal/money", "temporal gorm echo viper"},
	{"internal/watch", "activities services/order saga saga/ledger fault", "gorm echo viper"},
	{"internal/watch/meter", "internal/watch/queue internal/watch/stuck internal/watch/stuck/symptom internal/background services/order", "gorm echo viper"},
	{"internal/watch/queue", "internal/engine internal/engine/clock", "gorm echo viper"},
	{"internal/watch/stuck", "internal/watch/stuck/symptom internal/watch/queue internal/watch/unrecorded internal/engine internal/engine/clock services/order fault", "gorm echo viper"},
	{"internal/watch/stuck/symptom", "internal/watch/queue internal/engine activities workflows", "gorm echo viper"},
	{"internal/watch/unrecorded", "workflows", "gorm echo viper"},
	{"internal/orders", "internal/orders/* internal/engine/attempt workflows saga fault", "gorm echo viper"},
	{"internal/orders/admission", "", "gorm echo viper"},
	{"internal/orders/attribute", "internal/orders/call workflows internal/engine/namespace", "gorm echo viper"},
	{"internal/orders/call", "internal/engine/attempt fault", "gorm echo viper"},
	{"internal/orders/identity", "workflows saga", "gorm echo viper"},
	{"internal/orders/place", "internal/background internal/engine/attempt internal/orders/admission internal/orders/call internal/orders/identity internal/orders/pollers internal/orders/read internal/orders/records workflows fault", "gorm echo viper"},
	{"internal/orders/pollers", "", "gorm echo viper"},
	{"internal/orders/records", "services/order fault", "temporal gorm echo viper"},
	{"internal/orders/read", "internal/orders/attribute internal/orders/call internal/orders/records activities services/order workflows saga fault", "gorm echo viper"},
	{"internal/orders/repair", "internal/engine/attempt internal/orders/call internal/orders/identity internal/orders/read workflows saga saga/ledger fault", "gorm echo viper"},
	{"internal/orders/sagas", "internal/engine/attempt internal/orders/attribute internal/orders/call activities workflows services/order fault", "gorm echo viper"},
	{"internal/doctor", "internal/engine/attempt workflows/doctor", "gorm echo viper"},
	{"internal/probe", "fault", "others"},

	{"proof/bench/areas", "", "temporal gorm echo viper"},
	{"proof/bench/floor", "internal/database internal/engine", "echo viper"},
	{"proof/bench/measure", "proof/wait", "gorm echo viper"},
	{"proof/bench/report", "", "temporal gorm echo viper"},
	{"proof/bench/wire", "", "temporal gorm echo viper"},
	{"proof/dbtest", "internal/database internal/dev/postgres proof/bench/wire", "temporal echo"},
	{"proof/shoptest", "activities event/outbox event/outbox/compare internal/database internal/money proof/dbtest saga saga/* services/** worker/registry", "echo"},
	{"proof/bench/rig", "**", "echo"},
	{"proof/**", "**", ""},
	{"deploy", "", "others"},
	{".", "", ""},
}

// families names what a package may be forbidden to link, by prefix of the
// import path, and why. Two more are rules of their own: "services" is every
// service but the package's own, "others" is all that is neither Go's nor ours.
var families = map[string]struct{ prefix, why string }{
	"temporal": {"go.temporal.io/", "services and their data know nothing of Temporal; activities adapt them"},
	"gorm":     {"gorm.io/", "rows belong to the stores"},
	"echo":     {"github.com/labstack/echo", "HTTP belongs to api"},
	"viper":    {"github.com/spf13/viper", "configuration belongs to internal/config"},
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
