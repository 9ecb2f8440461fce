import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { ProjectFile } from './project-file';
import { readText } from './text-file';
import { ancestors } from '../../files/ancestors';

/** Variables and keys by which an installer is told of an index. */
const PIP_VARIABLES = /^PIP_(?:INDEX_URL|EXTRA_INDEX_URL|NO_INDEX)$/;
const PIP_KEYS = /^\s*(?:index-url|extra-index-url|no-index)\s*=/m;
const UV_VARIABLES = /^UV_(?:INDEX|DEFAULT_INDEX|INDEX_URL|EXTRA_INDEX_URL|NO_INDEX)$/;
const UV_KEYS = ['index', 'index-url', 'extra-index-url', 'no-index'];

/** What pip and uv are told of indexes outside of the requirements: in files of the project, of the user and of the machine. */
export class IndexConfiguration {
  /** The `pip.conf` beside the requirements, which pip reads only when it is told to. */
  public readonly pipFile: string | undefined;
  /** Absolute paths of all files that count, whether they exist or not. */
  public readonly files: string[];
  private readonly pipFiles: string[];
  private readonly uvFiles: string[];

  constructor(private readonly sourceDir: string, private readonly environment: Readonly<Record<string, string | undefined>>) {
    this.pipFile = ['pip.conf', 'pip.ini'].map(name => path.join(sourceDir, name)).find(file => fs.existsSync(file));
    this.pipFiles = [path.join(sourceDir, 'pip.conf'), path.join(sourceDir, 'pip.ini'), ...this.usersPipFiles()];
    this.uvFiles = [...this.projectsUvFiles(), ...this.usersUvFiles()];
    this.files = [...this.pipFiles, ...this.uvFiles];
  }

  /** Contents of all files, so that what they name is found neither for another function nor after a change. */
  public get contents(): string[] {
    return this.files.filter(isFile).map(file => path.basename(file) === 'pyproject.toml' ? JSON.stringify(ProjectFile.read(path.dirname(file))!.uv) : readText(file));
  }

  /** Whether pip is told of an index and uv is not, which reads nothing that is meant for pip. */
  public get isForPipOnly(): boolean {
    const variables = Object.entries(this.environment).filter(([, value]) => value).map(([name]) => name);
    const pip = variables.some(name => PIP_VARIABLES.test(name)) || this.pipFiles.filter(isFile).some(file => PIP_KEYS.test(readText(file)));
    return pip && !variables.some(name => UV_VARIABLES.test(name)) && !this.uvFiles.filter(isFile).some(namesUvIndex);
  }

  /** As uv does: those of the nearest folder, from here upwards, that has any. */
  private projectsUvFiles(): string[] {
    const files: string[] = [];
    for (const folder of ancestors(this.sourceDir)) {
      const [uvToml, pyproject] = ['uv.toml', 'pyproject.toml'].map(name => path.join(folder, name));
      files.push(uvToml, pyproject);
      if (fs.existsSync(uvToml) || (isFile(pyproject) && Object.keys(ProjectFile.read(folder)!.uv).length > 0)) {
        break;
      }
    }
    return files;
  }

  private usersUvFiles(): string[] {
    const { UV_CONFIG_FILE, APPDATA, PROGRAMDATA } = this.environment;
    return [
      ...UV_CONFIG_FILE ? [UV_CONFIG_FILE] : [],
      ...process.platform === 'win32' ? [APPDATA, PROGRAMDATA].filter((folder): folder is string => !!folder).map(folder => path.join(folder, 'uv', 'uv.toml'))
        : [path.join(this.configHome, 'uv', 'uv.toml'), '/etc/uv/uv.toml'],
    ];
  }

  /** https://pip.pypa.io/en/stable/topics/configuration/ */
  private usersPipFiles(): string[] {
    const { PIP_CONFIG_FILE, VIRTUAL_ENV, APPDATA, PROGRAMDATA } = this.environment;
    const name = process.platform === 'win32' ? 'pip.ini' : 'pip.conf';
    return [
      ...PIP_CONFIG_FILE ? [PIP_CONFIG_FILE] : [],
      ...VIRTUAL_ENV ? [path.join(VIRTUAL_ENV, name)] : [],
      path.join(os.homedir(), process.platform === 'win32' ? 'pip' : '.pip', name),
      ...process.platform === 'win32' ? [APPDATA, PROGRAMDATA].filter((folder): folder is string => !!folder).map(folder => path.join(folder, 'pip', name)) : [
        path.join(this.configHome, 'pip', name), '/etc/pip.conf', '/etc/xdg/pip/pip.conf',
        ...process.platform === 'darwin' ? [path.join(os.homedir(), 'Library', 'Application Support', 'pip', name), '/Library/Application Support/pip/pip.conf'] : [],
      ],
    ];
  }

  private get configHome(): string {
    return this.environment.XDG_CONFIG_HOME || path.join(os.homedir(), '.config');
  }
}

function namesUvIndex(file: string): boolean {
  const text = readText(file);
  return path.basename(file) === 'pyproject.toml'
    ? UV_KEYS.some(key => key in ProjectFile.read(path.dirname(file))!.uv || key in Object(ProjectFile.read(path.dirname(file))!.uv.pip))
    : new RegExp(`^\\s*(?:${UV_KEYS.join('|')})\\s*=|^\\[\\[index\\]\\]`, 'm').test(text);
}

function isFile(file: string): boolean {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}
