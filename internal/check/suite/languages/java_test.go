package languages_test

import (
	"os"
	"strings"
	"testing"

	"muster/internal/check/basetests"
	"muster/internal/check/checktest"
	"muster/internal/core/evidence"
)

// mavenProject needs what Debian's packages libsurefire-java and junit4 put
// into a repository of their own.
func mavenProject(t *testing.T) checktest.Files {
	t.Helper()
	const repository = "/usr/share/maven-repo"
	needs(t, "mvn")
	for _, artifact := range []string{"org/apache/maven/plugins/maven-surefire-plugin/2.22.3", "junit/junit/4.x"} {
		if _, err := os.Stat(repository + "/" + artifact); err != nil {
			t.Skip("needs Surefire and JUnit in ", repository, ": ", err)
		}
	}
	test := func(name, body string) string {
		return "package x;\n\nimport org.junit.*;\n\npublic class " + name + " {\n  @Test public void works() {\n    " + body + "\n  }\n}\n"
	}
	return checktest.Files{
		".mvn/maven.config": "-Dmaven.repo.local=" + repository + "\n",
		"pom.xml": `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version>
<properties><maven.compiler.source>17</maven.compiler.source><maven.compiler.target>17</maven.compiler.target><project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>
<dependencies><dependency><groupId>junit</groupId><artifactId>junit</artifactId><version>4.x</version><scope>test</scope></dependency></dependencies>
<build><plugins><plugin><artifactId>maven-surefire-plugin</artifactId><version>2.22.3</version></plugin></plugins></build></project>
`,
		"src/main/java/x/Sum.java":      "package x;\npublic class Sum { public static int add(int a, int b) { return a + b; } }\n",
		"src/test/java/x/SumTest.java":  test("SumTest", "Assert.assertEquals(3, Sum.add(1, 2));"),
		"src/test/java/x/ZeroTest.java": test("ZeroTest", "Assert.assertEquals(0, Sum.add(0, 0));"),
	}
}

func TestMaven(t *testing.T) {
	t.Parallel()
	base := mavenProject(t)
	got := story(t, &checktest.OSExec{}, base, base.With(checktest.Files{
		"src/main/java/x/Sum.java":     strings.Replace(base["src/main/java/x/Sum.java"], "a + b", "a - b", 1),
		"src/test/java/x/SumTest.java": "",
	}), "locator failed_and_edited src/test/java/x/SumTest.java:6")
	if len(got.Findings) == 1 && !strings.HasSuffix(got.Findings[0].Reproduce, "mvn -o test '-Dtest=x.SumTest#works' -DfailIfNoTests=false -Dsurefire.failIfNoSpecifiedTests=false)") {
		t.Error(got.Findings[0].Reproduce)
	}
}

func TestMavenDoesNotCompile(t *testing.T) {
	t.Parallel()
	base := mavenProject(t).With(checktest.Files{"src/test/java/x/ZeroTest.java": ""}) // the compiler names files in any order
	got := story(t, &checktest.OSExec{}, base, base.With(checktest.Files{"src/main/java/x/Sum.java": strings.Replace(base["src/main/java/x/Sum.java"], "add", "plus", 1)}),
		"locator does_not_compile src/test/java/x/SumTest.java:7")
	if got.Status != evidence.CouldNot {
		t.Errorf("%s: %s", got.Status, got.Why)
	}
}

func TestMavenCannotRun(t *testing.T) {
	t.Parallel()
	needs(t, "mvn")
	base := checktest.Files{
		"pom.xml": "<project><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version></project>\n", ".mvn/maven.config": "-Dmaven.repo.local=nothing\n",
		"src/main/java/A.java": "class A {}\n", "src/test/java/ATest.java": "class ATest {}\n",
	}
	trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(checktest.Files{"src/main/java/A.java": "class A { }\n"})})
	got := checktest.Run(t, basetests.New(), trees, &checktest.OSExec{}, checktest.Request(evidence.OfTask))
	if got.Status != evidence.CouldNot || !strings.Contains(got.Why, "mvn did not come to the tests of .") || !strings.Contains(got.Why, "mvn dependency:go-offline") {
		t.Errorf("%s: %s", got.Status, got.Why)
	}
}
