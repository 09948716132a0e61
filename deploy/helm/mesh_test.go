package helm

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// The kinds of Linkerd and the Gateway API, with the fields that the manifests use.
type (
	ref struct {
		Group string `json:"group"`
		Kind  string `json:"kind"`
		Name  string `json:"name"`
	}
	meshed[S any] struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              S `json:"spec"`
	}
	server = meshed[struct {
		PodSelector   metav1.LabelSelector `json:"podSelector"`
		Port          string               `json:"port"`
		ProxyProtocol string               `json:"proxyProtocol"`
		AccessPolicy  string               `json:"accessPolicy"`
	}]
	grpcRoute = meshed[struct {
		ParentRefs []ref `json:"parentRefs"`
		Rules      []struct {
			Matches []struct {
				Method struct {
					Type    string `json:"type"`
					Service string `json:"service"`
					Method  string `json:"method"`
				} `json:"method"`
			} `json:"matches"`
		} `json:"rules"`
	}]
	httpRoute = meshed[struct {
		ParentRefs []ref `json:"parentRefs"`
		Rules      []struct {
			Matches []struct {
				Path struct {
					Type  string `json:"type"`
					Value string `json:"value"`
				} `json:"path"`
				Method string `json:"method"`
			} `json:"matches"`
		} `json:"rules"`
	}]
	authorization = meshed[struct {
		TargetRef ref   `json:"targetRef"`
		Required  []ref `json:"requiredAuthenticationRefs"`
	}]
	authentication = meshed[struct {
		Identities []struct {
			Kind string `json:"kind"`
			Name string `json:"name"`
		} `json:"identityRefs"`
	}]
	networkAuthentication = meshed[struct {
		Networks []struct {
			CIDR string `json:"cidr"`
		} `json:"networks"`
	}]
	profile = meshed[struct {
		RetryBudget struct {
			RetryRatio          float64 `json:"retryRatio"`
			MinRetriesPerSecond int     `json:"minRetriesPerSecond"`
			TTL                 string  `json:"ttl"`
		} `json:"retryBudget"`
		Routes []struct {
			Name      string `json:"name"`
			Condition struct {
				Method    string `json:"method"`
				PathRegex string `json:"pathRegex"`
			} `json:"condition"`
			IsRetryable bool   `json:"isRetryable"`
			Timeout     string `json:"timeout"`
		} `json:"routes"`
	}]
	podMonitor = meshed[struct {
		Selector  metav1.LabelSelector `json:"selector"`
		Endpoints []struct {
			Port        string `json:"port"`
			Path        string `json:"path"`
			Interval    string `json:"interval"`
			Relabelings []struct {
				SourceLabels []string `json:"sourceLabels"`
				TargetLabel  string   `json:"targetLabel"`
			} `json:"relabelings"`
		} `json:"podMetricsEndpoints"`
	}]
)

const mesh = "../mesh/linkerd"

var meshKinds = map[string]func() metav1.Object{
	"v1/Namespace":                                     func() metav1.Object { return new(corev1.Namespace) },
	"policy.linkerd.io/v1beta3/Server":                 func() metav1.Object { return new(server) },
	"gateway.networking.k8s.io/v1/GRPCRoute":           func() metav1.Object { return new(grpcRoute) },
	"gateway.networking.k8s.io/v1/HTTPRoute":           func() metav1.Object { return new(httpRoute) },
	"policy.linkerd.io/v1alpha1/AuthorizationPolicy":   func() metav1.Object { return new(authorization) },
	"policy.linkerd.io/v1alpha1/MeshTLSAuthentication": func() metav1.Object { return new(authentication) },
	"policy.linkerd.io/v1alpha1/NetworkAuthentication": func() metav1.Object { return new(networkAuthentication) },
	"linkerd.io/v1alpha2/ServiceProfile":               func() metav1.Object { return new(profile) },
	"monitoring.coreos.com/v1/PodMonitor":              func() metav1.Object { return new(podMonitor) },
}

// linkerd decodes every manifest.
func linkerd(t *testing.T) rendered {
	t.Helper()
	r := rendered{objects: map[string]metav1.Object{}}
	for _, name := range []string{"namespace", "policy", "profiles", "telemetry"} {
		text, err := os.ReadFile(filepath.Join(mesh, name+".yaml"))
		require.NoError(t, err)
		for document := range bytes.SplitSeq(text, []byte("\n---\n")) {
			var kind metav1.TypeMeta
			require.NoError(t, yaml.Unmarshal(document, &kind))
			create, known := meshKinds[kind.APIVersion+"/"+kind.Kind]
			require.True(t, known, "%s: %s/%s", name, kind.APIVersion, kind.Kind)
			object := create()
			require.NoError(t, yaml.UnmarshalStrict(document, object), "%s", document)
			key := kind.Kind + "/" + object.GetName()
			require.NotContains(t, r.objects, key, "twice")
			r.objects[key] = object
		}
	}
	return r
}

// allowed returns, for each service, the callers of its methods, as Linkerd applies the
// manifests: a Server that denies, and the routes that are allowed.
func allowed(t *testing.T, r rendered) map[string]map[string][]string {
	t.Helper()
	all := map[string]map[string][]string{}
	for name, s := range of[*server](r) {
		if s.Spec.Port == "rpc" {
			require.Equal(t, "deny", s.Spec.AccessPolicy, name)
			all[s.Spec.PodSelector.MatchLabels["app.kubernetes.io/component"]] = map[string][]string{}
		}
	}
	for name, a := range of[*authorization](r) {
		route, found := of[*grpcRoute](r)[a.Spec.TargetRef.Name]
		if !found {
			require.Equal(t, "HTTPRoute", a.Spec.TargetRef.Kind, name)
			continue
		}
		service := strings.TrimPrefix(route.Spec.ParentRefs[0].Name, "amends-")
		var callers []string
		for _, id := range of[*authentication](r)[a.Spec.Required[0].Name].Spec.Identities {
			require.Equal(t, "ServiceAccount", id.Kind)
			callers = append(callers, strings.TrimPrefix(id.Name, "amends-"))
		}
		require.NotEmpty(t, callers, name)
		for _, rule := range route.Spec.Rules {
			require.LessOrEqual(t, len(rule.Matches), 8, name)
			for _, m := range rule.Matches {
				all[service][m.Method.Service+"/"+m.Method.Method] = callers
			}
		}
	}
	return all
}

// TestLinkerdFollowsTheTable: the methods of all routes together have the callers of the
// table. Package internal/deployed compares the files with the table method by method.
func TestLinkerdFollowsTheTable(t *testing.T) {
	t.Parallel()
	r, chart := linkerd(t), render(t, "mesh")
	found := allowed(t, r)
	require.Len(t, found, len(callers(t)))
	for service, from := range callers(t) {
		union := map[string]bool{}
		for _, callers := range found[service] {
			for _, caller := range callers {
				union[caller] = true
				require.Contains(t, chart.objects, "ServiceAccount/amends-"+caller)
			}
		}
		require.ElementsMatch(t, from, sorted(union), service)
		routes := of[*profile](r)["amends-"+service+".amends.svc.cluster.local"].Spec.Routes
		require.Len(t, routes, len(found[service]), service)
		for _, route := range routes {
			require.Contains(t, found[service], route.Name)
			require.Regexp(t, "^"+route.Condition.PathRegex+"$", "/"+route.Name)
		}
		deployed := of[*corev1.Service](chart)["amends-"+service]
		require.Equal(t, of[*server](r)["amends-"+service].Spec.PodSelector.MatchLabels, deployed.Spec.Selector)
	}
}

func TestTheChartLeavesTheRestToTheMesh(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(mesh, "values.yaml"))
	require.NoError(t, err)
	var values map[string]any
	require.NoError(t, yaml.UnmarshalStrict(text, &values))
	files, err := try(load(t), values)
	require.NoError(t, err)
	require.Contains(t, files["amends/templates/configmap.yaml"], `AMENDS_IDENTITY_MTLS: "mesh"`)
	require.Contains(t, files["amends/templates/configmap.yaml"], `AMENDS_RPC_RETRIES: "false"`)
	require.NotContains(t, files["amends/templates/service.yaml"], "clusterIP: None")
}
