import { Page } from "../../components/Page";

export default function Live() {
  return <Page title="Live">{null}</Page>;
}
