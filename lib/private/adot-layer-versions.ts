// Made by scripts/renew-adot-layers.mjs from src/config/lambdaLayerArns.js of https://github.com/aws-otel/aws-otel.github.io.

/** The day of the table. */
export const ADOT_LAYERS_DATE = '2026-07-22';

/** Account and version numbers of the layers by region: [account, Node.js, Python, Java], absent where there is none. */
export const ADOT_LAYERS: { readonly [region: string]: readonly [account: string, nodejs?: number, python?: number, java?: number] } = {
  'af-south-1': ['904233096616', 15, 23, 16],
  'ap-east-1': ['888577020596', 15, 23, 16],
  'ap-east-2': ['412664885777', 4, 4, 5],
  'ap-northeast-1': ['615299751070', 15, 26, 16],
  'ap-northeast-2': ['615299751070', 15, 26, 16],
  'ap-northeast-3': ['615299751070', 15, 26, 16],
  'ap-south-1': ['615299751070', 15, 26, 16],
  'ap-south-2': ['796973505492', 15, 23, 16],
  'ap-southeast-1': ['615299751070', 15, 25, 16],
  'ap-southeast-2': ['615299751070', 15, 26, 16],
  'ap-southeast-3': ['039612877180', 15, 23, 16],
  'ap-southeast-4': ['713881805771', 15, 23, 16],
  'ap-southeast-5': ['152034782359', 8, 14, 13],
  'ap-southeast-6': ['313828097273', 3, 3, 5],
  'ap-southeast-7': ['980416031188', 8, 14, 13],
  'ca-central-1': ['615299751070', 15, 26, 16],
  'ca-west-1': ['595944127152', 8, 14, 13],
  'cn-north-1': ['440179912924', 8, 14, 13],
  'cn-northwest-1': ['440180067931', 8, 14, 13],
  'eu-central-1': ['615299751070', 15, 26, 16],
  'eu-central-2': ['156041407956', 15, 23, 16],
  'eu-north-1': ['615299751070', 15, 26, 16],
  'eu-south-1': ['257394471194', 15, 23, 16],
  'eu-south-2': ['490004653786', 15, 23, 16],
  'eu-west-1': ['615299751070', 15, 26, 16],
  'eu-west-2': ['615299751070', 15, 26, 16],
  'eu-west-3': ['615299751070', 15, 26, 16],
  'il-central-1': ['746669239226', 15, 23, 16],
  'me-central-1': ['739275441131', 15, 22, 16],
  'me-south-1': ['980921751758', 12],
  'mx-central-1': ['610118373846', 8, 14, 13],
  'sa-east-1': ['615299751070', 15, 26, 16],
  'us-east-1': ['615299751070', 15, 29, 16],
  'us-east-2': ['615299751070', 15, 26, 16],
  'us-west-1': ['615299751070', 15, 33, 16],
  'us-west-2': ['615299751070', 15, 33, 16],
};
