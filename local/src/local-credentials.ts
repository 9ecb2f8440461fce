import { devNull } from 'node:os';
import { LOCAL_REGION } from './xray/local-place';

/**
 * Makes the AWS SDK clients of a process know the local cloud's region and credentials and nothing of the user's: no variables, no profile, and none
 * of the settings in ~/.aws, of which `use_fips_endpoint` would refuse the local cloud's address.
 */
export function useLocalCredentials(environment: NodeJS.ProcessEnv = process.env): void {
  for (const name of Object.keys(environment)) {
    if (name.startsWith('AWS_')) delete environment[name];
  }
  Object.assign(environment, {
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: LOCAL_REGION,
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  });
}
