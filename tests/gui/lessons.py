"""What is in lessons.ini, for tests."""
import configparser


class Lesson:
    def __init__(self, name, group, steps):
        self.name = name
        self.number = int(group['Lesson'])
        self.title = group['Title']
        self.titles = [step['Title'] for step in steps]


def load(path):
    """The lessons by their names, in the order of the file."""
    index = configparser.ConfigParser(interpolation=None, strict=True)
    index.optionxform = str
    index.read(path, encoding='utf-8')
    return {name: Lesson(name, index[name], [index[step] for step in index.sections() if step.startswith(f'{name}.')])
            for name in index.sections() if '.' not in name}
