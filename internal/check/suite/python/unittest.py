import sys
sys.path[:] = [p for p in sys.path if p]
import importlib, json, os, traceback, unittest
sys.path.insert(0, '')

report = open(sys.argv[1], 'w')

def say(**fields):
    report.write(json.dumps(fields) + '\n')
    report.flush()

class Result(unittest.TestResult):
    def __init__(self, unit, module):
        super().__init__()
        self.unit, self.module, self.bad = unit, module, False

    def end(self, test, how, output=''):
        self.bad = self.bad or how == 'fail'
        if not isinstance(test, unittest.TestCase):  # the fixture of a class or module
            say(unit=self.unit, output=output)
            return
        name = test.id()
        if name.startswith(self.module + '.'):
            name = name[len(self.module) + 1:]
        try:
            line = getattr(test, test._testMethodName).__code__.co_firstlineno
        except AttributeError:
            line = 0
        say(unit=self.unit, test=name, end=how, line=line, output=output)

    def text(self, test, err):
        return ''.join(traceback.format_exception(*err))

    def addSuccess(self, test): self.end(test, 'pass')
    def addError(self, test, err): self.end(test, 'fail', self.text(test, err))
    def addFailure(self, test, err): self.end(test, 'fail', self.text(test, err))
    def addSkip(self, test, reason): self.end(test, 'skip', reason)
    def addExpectedFailure(self, test, err): self.end(test, 'pass')
    def addUnexpectedSuccess(self, test): self.end(test, 'fail', 'unexpected success')
    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.end(test, 'fail', str(subtest) + '\n' + self.text(test, err))

for path in sys.argv[2:]:
    folder, name = os.path.split(path[:-3])
    module = path[:-3].replace('/', '.')
    if folder and not os.path.exists(os.path.join(folder, '__init__.py')):
        sys.path.insert(1, os.path.abspath(folder))
    try:
        loaded = importlib.import_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as e:
        if isinstance(e, unittest.SkipTest):
            say(unit=path, end='skip')
        else:
            say(unit=path, end='fail', unbuilt=True, output=traceback.format_exc())
        continue
    result = Result(path, module)
    unittest.defaultTestLoader.loadTestsFromModule(loaded).run(result)
    say(unit=path, end='fail' if result.bad else 'pass')
report.close()
